// The view of all secrets: never a value.

import { openAdd } from './add.js';
import * as api from './api.js';
import { bulkBar } from './bulk.js';
import { button, fill, h, iconButton } from './dom.js';
import { filters } from './filters.js';
import { counted, expiry, moment, number } from './format.js';
import { viewHead } from './frame.js';
import { listing } from './listing.js';
import { nothingFits } from './notfound.js';
import { named, seen } from './named.js';
import { categoryPill } from './pills.js';
import * as route from './route.js';
import { note, say, sentence } from './say.js';
import { openSecret, reencryptSecret, removeSecret } from './secret.js';
import { chooseAll, emptyState, table } from './table.js';
import { categories, load, platformLabel, presets } from './words.js';

const SIZE = 50;
const NARROWS = ['search', 'category', 'platform', 'org', 'expiry'];
const EXPIRIES = [
  ['', 'All'],
  ['expired', 'Expired'],
  ['soon', 'Within 30 days'],
  ['set', 'Expires at some time'],
  ['never', 'Never'],
];
const SORTS = [
  ['', 'Name'],
  ['-name', 'Name, Z to A'],
  ['category', 'Category'],
  ['-createdAt', 'Newest first'],
  ['createdAt', 'Oldest first'],
  ['versionCreatedAt', 'Oldest value first'],
  ['-versionCreatedAt', 'Newest value first'],
  ['expiresAt', 'Expires first'],
  ['-expiresAt', 'Expires last'],
];

/** Makes the view. */
export function view() {
  const state = { chosen: new Map() };
  const bar = h('div', { 'data-open-only': '' });
  const place = h('div', null);
  const open = () => openAdd({ done: () => state.list.reload(), org: route.read().query.get('org') });
  const add = () => load().then(open, (error) => say(sentence(error.message)));
  const node = h(
    'div',
    null,
    viewHead(
      'Secrets',
      'Keys and passwords of your agents. A value is read only when you ask for it, and that is recorded.',
      button('Add secret', add, { kind: 'main', mark: 'plus', 'data-focus': 'add' }),
    ),
    place,
  );
  build(state, bar, add);
  state.list.refresh = state.list.reload;
  state.list.reload = () => update(state, place, state.list.query);
  place.append(state.list.node);
  return {
    node,
    reload: () => state.list.reload(),
    update: (query, item) => {
      const updated = update(state, place, query);
      if (item) openSecret(rowOf(state, item), () => state.list.reload());
      return updated;
    },
  };
}

/** The row of a secret, or as much of it as its address says. */
const rowOf = (state, id) => state.list.made.rows.find((row) => row.id === id) ?? { id };

// The fields know categories and platforms only once the vault is open.
async function update(state, place, query) {
  await load().catch(() => null);
  if (!state.filter && categories().length) {
    state.filter = narrowing();
    state.list.filter = state.filter;
    place.prepend(state.filter.node);
  }
  await (query === state.list.query ? state.list.refresh() : state.list.update(query));
}

function narrowing() {
  return filters([
    { kind: 'search', name: 'search', label: 'Search', placeholder: 'Part of a name' },
    {
      kind: 'select',
      name: 'category',
      label: 'Category',
      choices: [['', 'All'], ...categories().map((one) => [one.id, one.label])],
    },
    {
      kind: 'select',
      name: 'platform',
      label: 'Platform',
      choices: [['', 'All'], ...presets().map((one) => [one.platform, one.label])],
    },
    { kind: 'select', name: 'org', label: 'Organisation', choices: [['', 'All']], more: organisations },
    { kind: 'select', name: 'expiry', label: 'Expiry', choices: EXPIRIES },
    { kind: 'select', name: 'sort', label: 'Sort by', choices: SORTS, narrow: true },
  ]);
}

async function organisations() {
  const { orgs } = await api.get('/vault/orgs');
  return orgs.map(({ orgId, secrets }) => [orgId, `${seen(orgId)} (${number(secrets)})`]);
}

function build(state, place, add) {
  const reload = () => state.list.reload();
  const bar = bulkBar(state.chosen, {
    reload,
    clear: () => {
      state.chosen.clear();
      chooseAll(made, false);
    },
  });
  const made = table({
    caption: 'Secrets',
    columns: columns(reload),
    key: (row) => row.id,
    title: (row) => seen(row.name),
    open: (row) => route.open(row.id),
    chosen: chosenRows(state.chosen, () => made.rows),
    onChosen: bar.show,
  });
  const choose = button('Choose all on this page', () => chooseAll(made, true), {
    kind: 'small quiet',
    class: 'button button-small narrow-only',
  });
  const damage = h('div');
  place.append(damage, bar.node, choose);
  state.list = listing({
    made,
    size: SIZE,
    noun: ['secret', 'secrets'],
    usual: 'name',
    bar: place,
    loaded: ({ damaged }) => fill(damage, damaged.length > 0 && damageNote(damaged, reload)),
    load: list,
    empty: (query) =>
      NARROWS.some((one) => query.get(one))
        ? nothingFits('No secret fits', 'Nothing here has this name, category, platform, organisation and expiry.', NARROWS)
        : nothingYet(add),
  });
}

// A row that does not authenticate is no row of the table: nothing in it can be believed but that it is there.
function damageNote(damaged, reload) {
  const line = (row) =>
    h(
      'li',
      null,
      named(row.name, 'mono grow'),
      button('Delete', () => removeSecret(row, reload), { kind: 'small danger', mark: 'trash' }),
    );
  return note(
    'bad',
    `${counted(damaged.length, 'secret')} of this page cannot be believed`,
    h('span', { class: 'hint' }, 'Restore a backup, or accept the loss with: vaultctl doctor --accept-loss'),
    h('ul', { class: 'versions' }, damaged.map(line)),
  );
}

// The table works with keys; what is done to many needs their names too.
function chosenRows(chosen, rows) {
  return {
    has: (key) => chosen.has(key),
    add: (key) =>
      chosen.set(
        key,
        rows().find((row) => row.id === key),
      ),
    delete: (key) => chosen.delete(key),
  };
}

async function list(query, page, signal) {
  const asked = {
    search: query.get('search'),
    category: query.get('category'),
    platform: query.get('platform'),
    expiry: query.get('expiry'),
    sort: query.get('sort'),
  };
  const place = { orgId: query.get('org') || '*', limit: SIZE, offset: (page - 1) * SIZE };
  const found = await api.get('/vault/secrets', { query: { ...asked, ...place }, signal });
  return { rows: found.secrets, total: found.total, damaged: found.damaged ?? [] };
}

function columns(reload) {
  return [
    { label: 'Name', sort: 'name', kind: 'cell-title', cell: nameCell },
    { label: 'Category', sort: 'category', cell: (row) => categoryPill(row.category) },
    { label: 'Platform', cell: (row) => platformLabel(row.name) ?? h('span', { class: 'muted' }, '—') },
    { label: 'Created by', kind: 'secondary', cell: (row) => row.createdBy },
    { label: 'Created', sort: 'createdAt', cell: (row) => moment(row.createdAt) },
    { label: 'Value from', sort: 'versionCreatedAt', cell: (row) => moment(row.versionCreatedAt) },
    { label: 'Expires', sort: 'expiresAt', cell: (row) => expiry(row.expiresAt) },
    { label: 'Actions', kind: 'cell-actions', cell: (row) => actions(row, reload) },
  ];
}

function nameCell(row) {
  const open = () => route.open(row.id);
  return [
    h(
      'button',
      { type: 'button', class: 'name-button', 'data-focus': `name-${row.id}`, on: { click: open } },
      named(row.name),
    ),
    row.orgId !== 'default' && h('span', { class: 'under' }, 'in ', named(row.orgId)),
  ];
}

function actions(row, reload) {
  const name = seen(row.name);
  const key = (word) => ({ 'data-focus': `${word}-${row.id}` });
  return h(
    'div',
    { class: 'actions' },
    iconButton('eye', `View ${name}`, () => route.open(row.id), key('view')),
    iconButton('rotate', `Re-encrypt ${name}`, () => reencryptSecret(row, reload), key('rotate')),
    iconButton('trash', `Delete ${name}`, () => removeSecret(row, reload), { class: 'danger', ...key('delete') }),
  );
}

function nothingYet(add) {
  return emptyState(
    'vault',
    'No secrets yet',
    h(
      'p',
      null,
      'Store the first one here, or in a terminal with ',
      h('code', null, 'vaultctl add openai'),
      '. Many at once come in with ',
      h('code', null, 'vaultctl import dotenv .env'),
      '.',
    ),
    button('Add the first secret', add, { kind: 'main', mark: 'plus' }),
  );
}
