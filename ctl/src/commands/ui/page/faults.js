// What went wrong in the page's own words: those of the interface say what a program would do.

const OF_PROGRAMS = /`|onConflict|\brequest|vaultctl|orgId/i;
const HINTS = {
  invalid_request: 'Check what you entered.',
  forbidden: 'Ask the owner of the vault for a grant.',
  not_found: 'It may have been deleted. Load the list again.',
  conflict: 'Choose another name, or open what is stored and replace its value.',
  too_large: 'A value takes at most 1 MiB.',
  integrity: 'Restore a backup.',
  internal: 'The log of the daemon says more.',
  locked: 'Unlock it first.',
};

/** Gives the words of an error for people: `{message, hint}`. */
export function plainly({ message, hint = '', code }) {
  const words = message.replace(/^field `[^`]*`: /, '').replace(/`([^`]*)`/g, '“$1”');
  return {
    message: OF_PROGRAMS.test(words) ? 'This could not be done.' : words,
    hint: OF_PROGRAMS.test(hint) ? (HINTS[code] ?? '') : hint,
  };
}
