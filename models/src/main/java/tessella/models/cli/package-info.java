/** The command line: commands, their options, the progress line, and starting Java again with the modules it needs. */
package tessella.models.cli;
