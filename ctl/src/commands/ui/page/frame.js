// What stands around the views: the masthead, and the page that is left when the session has ended.

import { button, fill, h, icon, iconButton } from './dom.js';
import { chip } from './pills.js';
import { VIEWS, link } from './route.js';
import { say } from './say.js';
import * as session from './session.js';
import { follow } from './state.js';
import { turn } from './theme.js';

/** Builds the frame; `show(view, node)` puts a view into it. */
export function frame(app) {
  const nav = h(
    'nav',
    { class: 'tabs-nav', 'aria-label': 'Views' },
    Object.entries(VIEWS).map(([view, words]) => h('a', { href: link(view), 'data-view': view }, words)),
  );
  const main = h('main', { id: 'main', tabindex: '-1' });
  const skip = button('Skip to the content', () => main.focus(), { class: 'button skip' });
  fill(
    app,
    skip,
    h(
      'header',
      { class: 'masthead' },
      h(
        'div',
        { class: 'masthead-in' },
        brand(),
        nav,
        h('div', { class: 'masthead-end' }, stateChip(), themeButton(), endButton()),
      ),
    ),
    main,
  );
  return { node: main, show: (view, node, first) => show({ nav, main }, view, node, first) };
}

function brand() {
  return h('span', { class: 'brand' }, icon('vault'), 'The Vault');
}

function stateChip() {
  const place = h('span', { role: 'status' });
  follow((status) =>
    fill(place, status && (status.locked ? chip('Locked', 'warn', 'lock') : chip('Unlocked', 'good', 'unlock'))),
  );
  return place;
}

function themeButton() {
  return iconButton('theme', 'Light or dark', () => say(`The ${turn()} theme is on.`));
}

function endButton() {
  return iconButton('power', 'Close dashboard', session.close);
}

function show({ nav, main }, view, node, first) {
  for (const one of nav.children) {
    if (one.dataset.view === view) one.setAttribute('aria-current', 'page');
    else one.removeAttribute('aria-current');
  }
  document.title = `${VIEWS[view]} · The Vault`;
  fill(main, node);
  const title = main.querySelector('h1');
  title?.setAttribute('tabindex', '-1');
  if (!first) title?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Builds the head of a view: its title, what it is about, its buttons. */
export function viewHead(title, words, ...buttons) {
  return h(
    'div',
    { class: 'view-head' },
    h('div', null, h('h1', null, title), words && h('p', null, words)),
    h('div', { class: 'buttons' }, buttons),
  );
}

const LEFT =
  'Another program may answer at this address now, so this tab asks nothing more of it and keeps nothing. Close the tab; do not reload it.';

const GATES = {
  used: [
    'This link has been used or has ended',
    'A link opens the dashboard once, in one tab, for as long as it runs.',
  ],
  none: ['This tab has no session', 'The dashboard opens with the link that it prints, once, in one tab.'],
  closed: ['The dashboard is closed', 'The session has ended, and this tab keeps nothing of it.'],
  stopped: ['The dashboard has ended', LEFT],
  idle: ['The dashboard has ended', `It ends by itself after a while without use. ${LEFT}`],
  gone: ['The dashboard has ended', LEFT],
  stranger: ['This is not your dashboard any more', `What answers here could not prove that it is. ${LEFT}`],
  unreachable: [
    'The dashboard cannot be reached',
    'It may have ended: it does so by itself after a while without use.',
  ],
};

/** Shows the page without a session. */
export function gate(reason) {
  const [title, words] = GATES[reason] ?? GATES.used;
  document.title = 'The Vault';
  return h(
    'main',
    { id: 'main' },
    h(
      'div',
      { class: 'gate' },
      icon('vault', 'mark'),
      h('h1', null, title),
      h('p', { class: 'muted' }, words),
      h('p', null, 'To open it again, run ', h('code', null, 'vaultctl ui'), ' in a terminal.'),
    ),
  );
}
