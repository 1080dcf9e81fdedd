/** PatchMerger: many patches merged to few tokens. */
package tessella.models.patchmerger;
