// The agents: named callers, what each may do, and the token that is shown once.

import { openAgentAdd } from './agentadd.js';
import * as api from './api.js';
import { button, h, iconButton } from './dom.js';
import { confirm } from './dialog.js';
import { expiry, moment } from './format.js';
import { viewHead } from './frame.js';
import { listing } from './listing.js';
import { chip } from './pills.js';
import { say } from './say.js';
import { emptyState, table } from './table.js';
import { openToken } from './token.js';

const SIZE = 50;

/** Makes the view. */
export function view() {
  const reload = () => list.reload();
  const add = () => openAgentAdd(reload);
  const made = table({ caption: 'Agents', columns: columns(reload), key: (row) => row.name });
  const list = listing({ made, size: SIZE, noun: ['agent', 'agents'], load, empty: () => nothingYet(add) });
  const node = h(
    'div',
    null,
    viewHead(
      'Agents',
      'Named callers with a token. An agent may do what its grants say, and nothing else.',
      button('Add agent', add, { kind: 'main', mark: 'plus', 'data-focus': 'add' }),
    ),
    list.node,
  );
  return { node, update: (query) => list.update(query), reload };
}

async function load(query, page, signal) {
  const { agents } = await api.get('/vault/agents', { signal });
  return { rows: agents.slice((page - 1) * SIZE, page * SIZE), total: agents.length };
}

function columns(reload) {
  return [
    { label: 'Name', kind: 'cell-title', cell: (row) => h('strong', { class: 'mono' }, row.name) },
    { label: 'May', cell: (row) => h('div', { class: 'stack-tight' }, row.grants.map(grant)) },
    { label: 'Must be', cell: (row) => h('span', { class: 'small' }, matches(row.match)) },
    { label: 'Token expires', cell: (row) => expiry(row.expiresAt) },
    {
      label: 'Created',
      kind: 'secondary',
      cell: (row) => h('span', null, moment(row.createdAt), h('span', { class: 'under' }, `by ${row.createdBy}`)),
    },
    {
      label: 'Actions',
      kind: 'cell-actions',
      cell: (row) =>
        h(
          'div',
          { class: 'actions' },
          iconButton('rotate', `New token for ${row.name}`, () => renew(row, reload), {
            'data-focus': `renew-${row.name}`,
          }),
          iconButton('trash', `Remove ${row.name}`, () => remove(row, reload), {
            class: 'danger',
            'data-focus': `remove-${row.name}`,
          }),
        ),
    },
  ];
}

function grant({ orgId, names, actions }) {
  return h(
    'div',
    null,
    h(
      'span',
      { class: 'buttons' },
      actions.map((one) => chip(one, 'plain')),
    ),
    h(
      'span',
      { class: 'under' },
      h('span', { class: 'mono' }, names.join(', ')),
      orgId === 'default' ? '' : orgId === '*' ? ' in every organisation' : ` in ${orgId}`,
    ),
  );
}

function matches(match) {
  const facts = Object.entries(match).map(
    ([key, value]) => `${key} ${key === 'sha256' ? `${value.slice(0, 12)}…` : value}`,
  );
  return facts.length ? facts.join(', ') : h('span', { class: 'muted' }, 'Any process with the token');
}

function renew(row, reload) {
  return confirm({
    title: `Give ${row.name} a new token?`,
    yes: 'New token',
    words: ['Its present token is worth nothing from then on. What it may do and when its token expires stay as they are.'],
    work: async (question) => {
      const { token } = await api.post(`/vault/agents/${encodeURIComponent(row.name)}/token`);
      question.close();
      openToken(`${row.name} has a new token`, token);
      reload();
    },
  });
}

function remove(row, reload) {
  return confirm({
    title: `Remove ${row.name}?`,
    yes: 'Remove',
    words: ['Its token is worth nothing from then on. What it did stays in the audit log.'],
    work: async (dialog) => {
      await api.remove(`/vault/agents/${encodeURIComponent(row.name)}`);
      dialog.close();
      reload();
      say(`${row.name} is removed.`);
    },
  });
}

function nothingYet(add) {
  return emptyState(
    'vault',
    'No agents yet',
    h(
      'p',
      null,
      'Without one, every program of yours may ask for every secret. Give each agent a name, and only what it needs; in a terminal with ',
      h('code', null, 'vaultctl agent add'),
      '.',
    ),
    button('Add the first agent', add, { kind: 'main', mark: 'plus' }),
  );
}
