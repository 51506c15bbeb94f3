// Light or dark: as the system says, until somebody chooses. The choice lasts as long as the tab.

const KEY = 'vault.theme';
const root = document.documentElement;

/** Brings back what was chosen in this tab. */
export function theme() {
  const chosen = sessionStorage.getItem(KEY);
  if (chosen) root.dataset.theme = chosen;
}

/** Turns to the other theme, and gives its name. */
export function turn() {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  sessionStorage.setItem(KEY, root.dataset.theme);
  return root.dataset.theme;
}
