// One secret: what is known of it at once, its value on request, its versions, and what can be done to it.

import * as api from './api.js';
import { button, fill, h } from './dom.js';
import { ask, attempt, confirm, openDrawer } from './dialog.js';
import { holds } from './draft.js';
import { editForm } from './edit.js';
import { facts, written } from './facts.js';
import { expiry, moments } from './format.js';
import { named, seen } from './named.js';
import { categoryPill } from './pills.js';
import { revealBox } from './reveal.js';
import * as route from './route.js';
import { say, trouble } from './say.js';
import { versions } from './versions.js';
import { platformLabel } from './words.js';

/** Opens a secret, of which its id is enough; `after` is called when it was changed. */
export function openSecret(row, after) {
  const place = h('div', { class: 'stack' }, h('span', { class: 'skeleton' }), h('span', { class: 'skeleton' }));
  const foot = h('div', { class: 'buttons', hidden: true });
  const dialog = openDrawer({ title: row.name ? named(row.name) : 'Secret', mono: true }, () => ({ body: place, foot }));
  const shown = { dialog, place, foot, after, row };
  dialog.leave.push(() => shown.value?.leave());
  // What is typed in the form stays; what only shows the secret has nothing to show.
  dialog.locked = () => {
    shown.value?.leave();
    if (!dialog.node.querySelector('form')) dialog.close();
  };
  dialog.leave.push(() => route.close(row.id));
  refresh(shown);
  return dialog;
}

/** Reads the secret again, as a list of one: that is metadata alone. */
async function refresh(shown) {
  try {
    const { secrets } = await api.get('/vault/secrets', { query: { id: shown.row.id, orgId: '*' } });
    if (!secrets.length)
      throw Object.assign(new Error('This secret does not exist.'), { hint: 'It may have been deleted.' });
    shown.row = secrets[0];
    shown.dialog.titled(named(shown.row.name));
    look(shown);
  } catch (error) {
    fill(
      shown.place,
      trouble(error, () => refresh(shown)),
    );
  }
}

function look(shown) {
  const { row, dialog } = shown;
  shown.value?.leave();
  shown.value = revealBox((signal) => api.get(api.secretPath(row.id), { signal }), seen(row.name));
  shown.versions = versions(row, () => {
    refresh(shown);
    shown.after();
  });
  const edit = button('Edit', () => change(shown), { mark: 'edit', 'data-focus': 'edit' });
  const again = () => {
    refresh(shown);
    shown.after();
  };
  fill(shown.place, pills(row), shown.value.node, known(row), metadata(row), shown.versions);
  fill(
    shown.foot,
    button(
      'Delete',
      () =>
        removeSecret(row, () => {
          dialog.close();
          shown.after();
        }),
      { kind: 'danger', mark: 'trash' },
    ),
    button('Re-encrypt', ({ currentTarget }) => attempt(dialog, () => reencrypt(row, again), currentTarget), {
      mark: 'rotate',
      'data-focus': 'rotate',
    }),
    edit,
  );
  shown.foot.hidden = false;
}

function pills(row) {
  const platform = platformLabel(row.name);
  return h(
    'div',
    { class: 'buttons' },
    categoryPill(row.category),
    platform && h('span', { class: 'muted' }, platform),
  );
}

function known(row) {
  return facts([
    ['Organisation', named(row.orgId)],
    ['Created by', row.createdBy],
    ['Created', moments(row.createdAt)],
    ['Changed', moments(row.updatedAt)],
    ['Value from', moments(row.versionCreatedAt)],
    ['Re-encrypted', moments(row.rotatedAt, 'Never')],
    ['Expires', expiry(row.expiresAt)],
    ['Version', `${row.version}, written ${row.revision === 1 ? 'once' : `${row.revision} times`}`],
    ['ID', h('span', { class: 'mono' }, row.id)],
    ['Audit log', h('a', { href: route.link('audit', { entry: row.id }) }, 'What happened to it')],
  ]);
}

function metadata(row) {
  const pairs = Object.entries(row.metadata).map(([key, value]) => [key, written(value)]);
  return pairs.length > 0 && h('section', { class: 'section' }, h('h3', null, 'Metadata'), facts(pairs));
}

function change(shown) {
  const { row, dialog } = shown;
  shown.value.leave();
  const back = async (stale) => {
    if (stale) await refresh(shown);
    else look(shown);
    dialog.node.querySelector('[data-focus="edit"]')?.focus();
  };
  const form = editForm(row, {
    dialog,
    cancel: (stale) => (holds(shown.place) ? ask(() => back(stale)) : back(stale)),
    saved: async () => {
      await refresh(shown);
      shown.after();
      say(`${seen(row.name)} is changed.`);
    },
  });
  fill(shown.place, form.body);
  fill(shown.foot, form.foot);
  form.focus();
}

async function reencrypt(row, after) {
  await api.post(api.secretPath(row.id, '/rotate'));
  after();
  say(`${seen(row.name)} is re-encrypted.`);
}

/** Re-encrypts a secret, after a question. */
export function reencryptSecret(row, after) {
  return confirm({
    title: ['Re-encrypt ', named(row.name), '?'],
    yes: 'Re-encrypt',
    danger: false,
    words: [
      'The same value is encrypted again, under a new salt and IV. The credential itself does not change: replace it at its provider, then store the new one here.',
    ],
    work: (dialog) =>
      reencrypt(row, () => {
        dialog.close();
        after();
      }),
  });
}

/** Deletes a secret, after a warning. */
export function removeSecret(row, after) {
  return confirm({
    title: ['Delete ', named(row.name), '?'],
    yes: 'Delete for good',
    words: ['Deletion is permanent, and takes access from every service that uses this secret at once.'],
    work: async (dialog) => {
      await api.remove(api.secretPath(row.id));
      dialog.close();
      after();
      say(`${seen(row.name)} is deleted.`);
    },
  });
}
