// The audit log: what was done, by whom, how it ended, and whether the log is whole.

import * as api from './api.js';
import { openEntry } from './entry.js';
import { logPager, pageOf, placeOf } from './logpager.js';
import { named, seen } from './named.js';
import { exportMenu } from './export.js';
import { button, h } from './dom.js';
import { filters } from './filters.js';
import { conceal } from './focus.js';
import { counted, moment } from './format.js';
import { viewHead } from './frame.js';
import { listing } from './listing.js';
import { nothingFits } from './notfound.js';
import { actionChip, chip, outcomeChip } from './pills.js';
import * as route from './route.js';
import * as session from './session.js';
import { emptyState, table } from './table.js';
import { liveToggle } from './tail.js';
import { chainBadge } from './chain.js';
import { ACTIONS, OUTCOMES } from './words.js';

const SIZE = 50;
const NARROWS = ['search', 'action', 'outcome', 'actor', 'from', 'to', 'entry', 'session'];

/** Makes the view. */
export function view(leaving) {
  const chain = chainBadge();
  const made = table({
    caption: 'Audit log',
    columns: columns(),
    kind: 'compact',
    key: (row) => row.id,
    open: (row) => route.open(String(row.seq)),
  });
  const list = listing({
    made,
    size: SIZE,
    pages: logPager(asked),
    filter: filters(narrowing()),
    load,
    empty: (query) =>
      NARROWS.some((one) => query.get(one))
        ? nothingFits('No entry fits', 'Nothing in the log has this name, action, outcome, actor and time.', NARROWS)
        : emptyState('vault', 'Nothing else is recorded yet'),
    loaded: (found) => live.loaded(found.rows),
  });
  const one = oneSecret();
  const live = liveToggle(leaving, () => list.reload());
  const node = h(
    'div',
    null,
    viewHead(
      'Audit log',
      'Every look at a secret and every change, as it was committed together with what it records.',
      live.node,
      exportMenu(asked),
    ),
    h('div', { 'data-open-only': '' }, chain.node),
    one,
    list.node,
  );
  chain.check();
  return {
    node,
    reload: () => {
      chain.check();
      return list.reload();
    },
    update: (query, item) => {
      conceal(one, !query.get('entry'));
      if (item) openEntry(item, made.rows);
      return list.update(query);
    },
  };
}

// The one filter that has no field: it is come to from a secret.
function oneSecret() {
  const every = button('Every secret', () => route.change({ entry: '', page: '' }), { kind: 'small', mark: 'close' });
  return h('div', { class: 'chain', hidden: true }, chip('Entries of one secret alone', 'accent'), every);
}

function narrowing() {
  return [
    { kind: 'search', name: 'search', label: 'Search', placeholder: 'Name, actor or action' },
    { kind: 'several', name: 'action', label: 'Action', choices: Object.keys(ACTIONS) },
    {
      kind: 'select',
      name: 'outcome',
      label: 'Outcome',
      choices: [['', 'All'], ...Object.entries(OUTCOMES).map(([one, [, words]]) => [one, words])],
    },
    { kind: 'select', name: 'actor', label: 'Actor', choices: [['', 'All']], more: actors },
    { kind: 'date', name: 'from', label: 'From' },
    { kind: 'date', name: 'to', label: 'To' },
    { kind: 'toggle', name: 'looks', label: 'Hide my looks', off: 'shown' },
    { kind: 'toggle', name: 'session', label: 'Hide this session', on: 'hidden' },
  ];
}

async function actors() {
  const found = await api.get('/vault/audit-log/actors');
  return found.actors.map((one) => [one, seen(one)]);
}

/** Writes what the address asks for as the vault wants it: days become the moments at their ends, here. */
function asked(query) {
  const day = (text, clock) =>
    /^\d{4}-\d\d-\d\d$/.test(text ?? '') ? new Date(`${text}T${clock}`).toISOString() : undefined;
  const [search, action, outcome, actor, entryId] = ['search', 'action', 'outcome', 'actor', 'entry'].map((one) =>
    query.get(one),
  );
  return {
    search,
    action,
    outcome,
    actor,
    entryId,
    since: day(query.get('from'), '00:00:00.000'),
    until: day(query.get('to'), '23:59:59.999'),
  };
}

async function load(query, _, signal) {
  const place = placeOf(query, SIZE);
  // A look is no more than that the page was open; who asks for reads gets them.
  const withoutOwnLooks = query.get('looks') !== 'shown' && !query.get('action')?.split(',').includes('read');
  const withoutOwnSince = query.get('session') === 'hidden' ? session.since() : undefined;
  const found = await api.get('/vault/audit-log', {
    query: { ...asked(query), ...place, withoutOwnLooks: withoutOwnLooks || undefined, withoutOwnSince },
    signal,
  });
  return signal.aborted ? undefined : pageOf(found, place, SIZE);
}

function columns() {
  return [
    { label: 'No.', kind: 'cell-title tight', cell: number },
    { label: 'Action', cell: (row) => actionChip(row.action) },
    { label: 'Outcome', cell: (row) => outcomeChip(row.outcome) },
    { label: 'Secret', kind: 'cell-wide', cell: secretCell },
    { label: 'Actor', kind: 'cell-late', cell: (row) => named(row.actor, 'whole') },
    { label: 'Time', kind: 'cell-late', cell: (row) => moment(row.createdAt) },
    { label: 'Details', kind: 'secondary', cell: details },
  ];
}

function number(row) {
  const open = () => route.open(String(row.seq));
  return h(
    'button',
    {
      type: 'button',
      class: 'name-button figure',
      'data-focus': `entry-${row.id}`,
      'aria-label': `Entry ${row.seq}: ${row.action} ${seen(row.entryName ?? '')}`,
      on: { click: open },
    },
    `#${row.seq}`,
  );
}

function secretCell(row) {
  if (!row.entryName) return h('span', { class: 'muted' }, row.vaultEntryId ?? '—');
  return named(row.entryName, 'mono');
}

const CLAIMS = ['claimedClient', 'claimedAddress', 'ip'];
/** What a look that shows no value was at, by the count that its entry has. */
const LOOKS = {
  listed: (count) => `looked at a list of ${counted(count, 'secret')}`,
  discovered: (count) => `looked up what is stored of ${counted(count, 'platform')}`,
  dryRun: (count) => `looked up which of ${counted(count, 'name')} are taken`,
};

/** Writes an entry's metadata in a few words; what the page itself did is said as that. */
function details(row) {
  const by = row.metadata.claimedClient === 'dashboard' ? 'with the dashboard' : '';
  const look = looked(row, by);
  const words = look ? `${look} ${by}`.trim() : [...told(row, by), by].filter(Boolean).join(', ');
  return h('span', { class: 'muted small' }, seen(words) || '—');
}

function looked({ action, metadata, entryName }, by) {
  if (action !== 'read') return undefined;
  const [kind] = Object.keys(LOOKS).filter((one) => Number.isInteger(metadata[one]));
  if (kind) return LOOKS[kind](metadata[kind]);
  return by && entryName ? 'looked at its versions' : undefined;
}

function told({ metadata }, by) {
  const brief = (value) =>
    Array.isArray(value)
      ? value.filter((one) => typeof one !== 'object').join(' ') || '…'
      : typeof value === 'object'
        ? '…'
        : value;
  const facts = Object.entries(metadata).filter(([key]) => !by || !CLAIMS.includes(key));
  return facts.slice(0, 4).map(([key, value]) => `${key}: ${brief(value)}`);
}
