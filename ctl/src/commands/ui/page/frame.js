// What stands around the views: the masthead, and the page that is left when the session has ended.

import { confirm } from './dialog.js';
import { button, fill, h, icon, iconButton } from './dom.js';
import { facts } from './facts.js';
import { help } from './keys.js';
import { chip } from './pills.js';
import { VIEWS, link } from './route.js';
import { say } from './say.js';
import * as session from './session.js';
import * as state from './state.js';
import { turn } from './theme.js';

/** Builds the frame: `{parts, show, put}`; `show(view, node, isFirst)` puts a view into it, `put(node)` something else. */
export function frame() {
  const nav = h(
    'nav',
    { class: 'tabs-nav', 'aria-label': 'Views' },
    Object.entries(VIEWS).map(([view, words]) => h('a', { href: link(view), 'data-view': view }, words)),
  );
  const main = h('main', { id: 'main', tabindex: '-1' });
  const skip = button('Skip to the content', () => main.focus(), { class: 'button skip' });
  const head = h(
    'header',
    { class: 'masthead' },
    h(
      'div',
      { class: 'masthead-in' },
      brand(),
      nav,
      h('div', { class: 'masthead-end' }, stateChip(), helpButton(), themeButton(), endButton()),
    ),
  );
  return {
    parts: [skip, head, main],
    show: (view, node, isFirst) => show({ nav, main }, view, node, isFirst),
    put: (node) => fill(main, node),
  };
}

function brand() {
  return h('span', { class: 'brand' }, icon('vault'), 'The Vault');
}

const STATES = {
  unlocked: ['Unlocked', 'good', 'unlock'],
  locked: ['Locked', 'warn', 'lock'],
  slow: ['Slow to answer', 'warn', 'alert'],
  gone: ['No daemon', 'bad', 'alert'],
};

function stateChip() {
  const place = h('span', { role: 'status' });
  state.follow((how) => fill(place, how && chip(...STATES[how])));
  return place;
}

/** Shows what there is to say while no daemon answers; the page goes on by itself. */
export function noDaemon() {
  return h(
    'div',
    { class: 'sheet empty' },
    icon('alert'),
    h('h1', null, 'No daemon answers'),
    h('p', null, 'Nothing can be read or stored. This page goes on by itself as soon as the daemon is there again.'),
  );
}

function themeButton() {
  return iconButton('theme', 'Light or dark', () => say(`The ${turn()} theme is on.`));
}

function helpButton() {
  return iconButton('help', 'Keys', help, { 'data-focus': 'help' });
}

function endButton() {
  const ask = () =>
    confirm({
      title: 'Close the dashboard?',
      yes: 'Close',
      danger: false,
      words: ['It ends for every tab, and a new link from a terminal opens it again. The vault stays as it is.'],
      work: session.close,
    });
  return iconButton('power', 'Close dashboard', ask, { 'data-focus': 'end' });
}

function show({ nav, main }, view, node, isFirst) {
  for (const one of nav.children) {
    if (one.dataset.view === view) one.setAttribute('aria-current', 'page');
    else one.removeAttribute('aria-current');
  }
  document.title = `${VIEWS[view]} · The Vault`;
  fill(main, node);
  const title = main.querySelector('h1');
  title?.setAttribute('tabindex', '-1');
  if (!isFirst) title?.focus({ preventScroll: true });
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

/** Shows the page without a session, and what had been typed into it: `[[label, text], …]`. */
export function gate(reason, typed = []) {
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
      typed.length > 0 && [
        h('h2', null, 'What you had typed'),
        h('p', { class: 'muted' }, 'It was not stored. Values and keys are gone.'),
        facts(typed),
      ],
      h('p', null, 'To open it again, run ', h('code', null, 'vaultctl ui'), ' in a terminal.'),
    ),
  );
}
