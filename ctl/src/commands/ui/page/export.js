// The log as a file, put together here from as many pages as there are.

import * as api from './api.js';
import { button, h } from './dom.js';
import { openDialog } from './dialog.js';
import { selectField } from './fields.js';
import { counted } from './format.js';
import * as route from './route.js';
import { say } from './say.js';

const PAGE = 1000;
const COLUMNS = [
  'seq',
  'createdAt',
  'action',
  'outcome',
  'orgId',
  'entryName',
  'vaultEntryId',
  'actor',
  'uid',
  'gid',
  'pid',
  'exe',
  'metadata',
  'id',
  'mac',
];
const KINDS = { csv: 'text/csv', jsonl: 'application/x-ndjson' };

/** Makes the button; `asked(query)` says what of the log is taken. */
export function exportMenu(asked) {
  return button('Export…', () => open(asked), { mark: 'download', 'data-focus': 'export' });
}

function open(asked) {
  const form = selectField('Form', [
    ['csv', 'CSV, for spreadsheets'],
    ['jsonl', 'JSON Lines, for programs'],
  ]);
  const bar = h('progress', { hidden: true, 'aria-label': 'Reading the log' });
  const ending = new AbortController();
  const dialog = openDialog({ title: 'Export the audit log', kind: 'dialog dialog-small' }, (dialog) => ({
    body: [
      h('p', { class: 'muted' }, 'What the filters let through, oldest first. There is no value in it.'),
      h('p', { class: 'muted' }, 'It also has what Hide my looks and Hide this session leave out here.'),
      form.node,
      bar,
    ],
    foot: [button('Cancel', dialog.quit), h('button', { type: 'submit', class: 'button button-main' }, 'Export')],
    submit: async () => {
      bar.hidden = false;
      const entries = await everything(asked(route.read().query), ending.signal);
      download(form.input.value, entries);
      dialog.close();
      say(`${counted(entries.length, 'entry', 'entries')} exported.`);
    },
  }));
  dialog.leave.push(() => ending.abort());
}

async function everything(query, signal) {
  const all = [];
  for (let after = 0; ;) {
    const { entries } = await api.get('/vault/audit-log', { query: { ...query, after, limit: PAGE }, signal });
    all.push(...entries);
    if (entries.length < PAGE) return all;
    after = entries.at(-1).seq;
  }
}

function download(kind, entries) {
  const text = kind === 'csv' ? csv(entries) : entries.map((one) => `${JSON.stringify(one)}\n`).join('');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: KINDS[kind] }));
  link.download = `vault-audit-${new Date().toISOString().slice(0, 10)}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Writes entries as comma-separated values (RFC 4180), with the columns of `vaultctl audit export`. */
function csv(entries) {
  return [COLUMNS, ...entries.map(cells)].map((line) => `${line.map(quoted).join(',')}\r\n`).join('');
}

function cells(entry) {
  const flat = { ...entry, ...entry.peer, metadata: JSON.stringify(entry.metadata) };
  return COLUMNS.map((name) => String(flat[name] ?? ''));
}

// A spreadsheet would take a name that begins like a formula for one; a ' that was there gets another, so that one can be taken away.
function quoted(cell) {
  const safe = /^(\s*[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r\n'])/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
