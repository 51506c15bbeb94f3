// Changing a secret: what is left as it is, is not sent; what somebody else changed meanwhile is not overwritten.

import * as api from './api.js';
import { button, h } from './dom.js';
import { attempt } from './dialog.js';
import { generatorFields, selectField, valueField } from './fields.js';
import { lifetimeField } from './lifetime.js';
import { pairRows } from './pairs.js';
import { categories, category as categoryOf } from './words.js';

/** Makes the form: `{body, foot, focus}`. */
export function editForm(row, { dialog, cancel, saved }) {
  const value = valueField('New value', { help: 'Left empty, the present one stays.' });
  const known = categories().some((one) => one.id === row.category) ? [] : [categoryOf(row.category)];
  const category = selectField(
    'Category',
    [...categories(), ...known].map((one) => [one.id, one.label]),
    { value: row.category },
  );
  const lifetime = lifetimeField(row.expiresAt);
  const pairs = pairRows(row.metadata);
  const fields = { row, value, category, lifetime, pairs, stale: false };
  const save = () => attempt(dialog, () => send(fields, saved));
  const body = h(
    'form',
    {
      class: 'stack',
      autocomplete: 'off',
      novalidate: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          save();
        },
      },
    },
    value.node,
    generatorFields(() => value),
    category.node,
    lifetime.node,
    pairs.node,
    h('button', { type: 'submit', hidden: true }),
  );
  const foot = [button('Cancel', () => cancel(fields.stale)), button('Save', save, { kind: 'main', mark: 'check', 'data-focus': 'edit' })];
  return { body, foot, focus: () => value.input.focus() };
}

async function send(fields, saved) {
  const { row, value } = fields;
  try {
    await api.put(api.secretPath(row.id), changes(fields));
  } catch (error) {
    fields.stale = error.code === 'conflict';
    throw fields.stale ? meanwhile(error) : error;
  }
  value.input.value = '';
  await saved();
}

function changes({ row, value, category, lifetime, pairs }) {
  const change = { ifRevision: row.revision };
  const metadata = pairs.read();
  const expiresAt = lifetime.read();
  if (value.value()) change.value = value.value();
  if (category.input.value !== row.category) change.category = category.input.value;
  if (JSON.stringify(metadata) !== JSON.stringify(row.metadata)) change.metadata = metadata;
  if (expiresAt !== row.expiresAt) change.expiresAt = expiresAt;
  return change;
}

function meanwhile(error) {
  error.message = 'Somebody else has changed this secret meanwhile; nothing was saved.';
  error.hint = 'Cancel, look at its present state, and change that.';
  return error;
}
