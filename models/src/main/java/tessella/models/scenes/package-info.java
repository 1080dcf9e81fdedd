/** Scenes: endless labelled pictures, composed of emoji and drawn words from a seed alone. */
package tessella.models.scenes;
