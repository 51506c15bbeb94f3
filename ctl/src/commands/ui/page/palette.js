// Everything that can be gone to or done here, by its name.

import { combo } from './combo.js';
import { openDialog } from './dialog.js';
import * as route from './route.js';

const ACTIONS = '.masthead-end button, main .view-head button, main .state button';

/** Opens the palette, unless something else is open or there is no session. */
export function palette(event) {
  event.preventDefault();
  if (document.querySelector('dialog[open]') || !document.querySelector('.tabs-nav')) return;
  const all = [...views(), ...actions()];
  openDialog({ title: 'Find', kind: 'dialog dialog-small' }, (dialog) => {
    const chooser = combo({
      label: 'View, action or secret',
      placeholder: 'Type a few letters',
      choices: all,
      instead: (text) => ({ value: () => search(text), words: `Search the secrets for “${text}”` }),
      chosen: (act) => {
        if (!act) return;
        dialog.close();
        act();
      },
    });
    chooser.input.setAttribute('autofocus', '');
    // Here the list is all that there is: the first Esc closes both.
    chooser.node.addEventListener('keydown', ({ key }) => key === 'Escape' && dialog.close(), { capture: true });
    return { body: chooser.node };
  });
}

const views = () =>
  Object.entries(route.VIEWS).map(([view, words]) => choice(words, () => (location.hash = route.link(view))));

/** What the buttons in sight do; a view has its own. */
const actions = () =>
  [...document.querySelectorAll(ACTIONS)]
    .filter((one) => one.checkVisibility())
    .map((one) => choice(one.getAttribute('aria-label') ?? one.innerText.trim(), () => one.click()));

const choice = (words, act) => ({ value: act, words, terms: words.toLowerCase() });

function search(text) {
  location.hash = route.link('secrets', { search: text });
}
