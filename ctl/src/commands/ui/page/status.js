// How the vault is: its state, what is in it, how it is kept, and what wants attention.

import * as api from './api.js';
import { lockButton, reencryptAllButton } from './acts.js';
import { fill, h, icon } from './dom.js';
import { facts } from './facts.js';
import { bytes, counted, lasting, number } from './format.js';
import { viewHead } from './frame.js';
import { REASONS, unlockButton } from './locked.js';
import { chip, tint } from './pills.js';
import { link } from './route.js';
import { note, sentence, trouble } from './say.js';
import * as session from './session.js';
import * as state from './state.js';
import { lookedUp, upkeep } from './upkeep.js';
import { categories, category, load } from './words.js';

/** Makes the view. */
export function view(leaving) {
  const place = h(
    'div',
    null,
    h('div', { class: 'sheet empty' }, h('span', { class: 'skeleton' }), h('span', { class: 'skeleton' })),
  );
  const refresh = () => show(place, refresh);
  const node = h('div', null, viewHead('Status', 'As the daemon itself reports it, now.'), place);
  const wasSlow = { is: false };
  const unfollow = state.follow((how) => {
    if (how === 'slow') doubt(place);
    else if (wasSlow.is) refresh();
    wasSlow.is = how === 'slow';
  });
  leaving.addEventListener('abort', unfollow);
  return { node, update: refresh, reload: refresh };
}

async function show(place, refresh) {
  try {
    const status = await api.get('/vault/status', { query: { orgId: '*' } });
    const found = status.locked ? null : (await Promise.all([lookedUp(), load()]))[0];
    // Rows of three, or of two: with what has expired there are six cards, without it five, and three if it is locked.
    const wide = found && !found.expired.total;
    const cards = [
      stateCard(status, refresh),
      warnings(status, found?.expired),
      totals(status),
      found && upkeep(found),
      card('Encryption', sealing(status), wide),
      card('Memory and process', memory(status), wide),
    ];
    fill(place, h('div', { class: 'cards' }, cards));
  } catch (error) {
    fill(place, trouble(error, refresh));
  }
}

function stateCard(status, refresh) {
  const words = status.locked
    ? (REASONS[status.lockReason] ?? 'Its keys are not in memory.')
    : 'The keys are in memory, and secrets can be read by those who may.';
  const title = status.configured ? (status.locked ? 'Locked' : 'Unlocked') : 'Not set up';
  const acts = status.locked ? [unlockButton()] : [reencryptAllButton(refresh), lockButton()];
  return h(
    'section',
    { class: 'card card-wide', 'aria-labelledby': 'state' },
    h(
      'div',
      { class: 'state' },
      status.locked ? standing('lock', 'warn', title, words) : standing('unlock', 'good', title, words),
      h('div', { class: 'buttons' }, acts),
    ),
  );
}

function standing(mark, tone, title, words) {
  return [
    h('span', { class: `state-mark ${tone}` }, icon(mark)),
    h('div', { class: 'grow' }, h('h2', { id: 'state' }, title), h('p', { class: 'muted' }, words)),
  ];
}

/** Says of a daemon that does not answer that its state is not known. */
function doubt(place) {
  const words = 'The daemon does not answer. What is shown here is what it last reported.';
  const [mark, title] = standing('alert', 'warn', 'Not known', words);
  place.querySelector('.state-mark')?.replaceWith(mark);
  place.querySelector('.state .grow')?.replaceWith(title);
  place.querySelector('.note-good')?.remove();
}

// Of what has expired in a locked vault nothing is known, so it is not said that all is well.
function warnings({ warnings, locked }, gone) {
  const each = ({ message, hint }) =>
    note('warn', sentence(message), hint && h('span', { class: 'hint' }, sentence(hint)));
  const all = warnings.map(each);
  if (gone?.total) all.push(expiredNote(gone.total));
  if (!all.length)
    return (
      !locked &&
      note('good', 'Nothing needs attention', h('span', { class: 'hint' }, 'No warning, and no secret has expired.'))
    );
  return h('section', { class: 'card card-wide' }, h('h2', null, counted(all.length, 'warning')), all);
}

function expiredNote(total) {
  const href = link('secrets', { expiry: 'expired', sort: 'expiresAt' });
  return note(
    'warn',
    total === 1 ? '1 secret has expired' : `${number(total)} secrets have expired`,
    h(
      'span',
      { class: 'hint' },
      total === 1 ? 'It is not handed out any more. ' : 'They are not handed out any more. ',
      h('a', { href }, 'See what has expired'),
    ),
  );
}

function totals({ totalEntries, entriesByCategory }) {
  // AgenticMail's own categories are counted where there are any, and not offered.
  const ids = [...new Set([...categories().map((one) => one.id), ...Object.keys(entriesByCategory)])];
  const most = Math.max(1, ...Object.values(entriesByCategory));
  const count = (id) =>
    tint(
      h(
        'a',
        { class: 'count', href: link('secrets', { category: id }) },
        h('span', { class: 'label' }, category(id).label),
        h('span', { class: 'figure' }, number(entriesByCategory[id] ?? 0)),
        h('span', { class: 'bar' }, share((entriesByCategory[id] ?? 0) / most)),
      ),
      id,
    );
  return h(
    'section',
    { class: 'card card-third' },
    h('h2', null, 'Secrets'),
    h(
      'p',
      null,
      h('span', { class: 'big' }, number(totalEntries)),
      h('span', { class: 'muted' }, ' in all organisations'),
    ),
    h('div', { class: 'counts' }, ids.map(count)),
  );
}

function share(part) {
  const bar = h('span');
  bar.style.setProperty('--share', `${part * 100}%`);
  return bar;
}

function sealing({ algorithm, kdf, audit, version, uptimeSeconds }) {
  return [
    ['Values', algorithm],
    ['Master key', `${kdf.name} with ${kdf.hash}`],
    ['Iterations', number(kdf.iterations)],
    ['Audit log', counted(audit.entries, 'entry', 'entries')],
    ['Its head', audit.head ? h('span', { class: 'head-hash' }, audit.head) : '—'],
    ['Daemon', `vaultd ${version}, up for ${lasting(uptimeSeconds)}`],
    ['Dashboard', `vaultctl ${session.version()}`],
  ];
}

const PAGES = {
  secretmem: ['A page that even the kernel does not see', 'good'],
  mlock: ['A page that is never swapped', 'good'],
  none: ['Ordinary memory', 'bad'],
};
const SWAP = { none: ['No swap', 'good'], active: ['The machine swaps', 'warn'], unknown: ['Not known', 'plain'] };

function memory({ memory, locked }) {
  const [page, pageTone] = PAGES[memory.locked] ?? [memory.locked, 'plain'];
  const [swap, swapTone] = SWAP[memory.swap] ?? [memory.swap, 'plain'];
  return [
    ['Keys are in', locked ? chip('No keys are in memory') : chip(page, pageTone)],
    ['Locked', bytes(memory.bytes)],
    [
      'Other processes',
      memory.dumpable ? chip('may read its memory', 'bad', 'alert') : chip('cannot read its memory', 'good', 'check'),
    ],
    [
      'After a crash',
      memory.coreDumps ? chip('a core file is left', 'bad', 'alert') : chip('no core file', 'good', 'check'),
    ],
    ['Swap', chip(swap, swapTone)],
    ['Way in', 'One Unix socket, to the users that its mode and the policy let in; the kernel names each caller.'],
  ];
}

function card(title, all, wide) {
  return h('section', { class: `card ${wide ? '' : 'card-third'}` }, h('h2', null, title), facts(all));
}
