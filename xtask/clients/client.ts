// Lists, creates, reads and deletes by the clients of openapi-typescript and of hey-api, over the socket.

import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import { Agent, fetch as fetchBy } from 'undici';
import { createSecret, deleteSecret, getSecret, listSecrets } from './hey/index.js';
import { client } from './hey/client.gen.js';
import type { paths } from './openapi.js';

const dispatcher = new Agent({ connect: { socketPath: process.argv[2] } });
const overSocket = (async (request: Request) => {
  const { url, method, headers } = request;
  const body = method === 'GET' ? undefined : await request.text();
  return await fetchBy(url, { method, headers: Object.fromEntries(headers), body, dispatcher });
}) as unknown as typeof fetch;

const vault = createClient<paths>({ baseUrl: 'http://localhost', fetch: overSocket });
const made = await vault.POST('/vault/secrets', { body: { name: 'by openapi-typescript', value: 'its value' } });
assert.ok(made.data?.entry.id);
const byId = { params: { path: { id: made.data.entry.id } } };
assert.equal((await vault.GET('/vault/secrets')).data?.secrets[0]?.name, 'by openapi-typescript');
assert.equal((await vault.GET('/vault/secrets/{id}', byId)).data?.value, 'its value');
assert.equal((await vault.DELETE('/vault/secrets/{id}', byId)).data?.success, true);
assert.equal((await vault.GET('/vault/secrets/{id}', byId)).error?.code, 'not_found');

client.setConfig({ baseUrl: 'http://localhost', fetch: overSocket });
const created = await createSecret({ body: { name: 'by hey-api', value: 'its value' } });
const id = created.data?.entry.id ?? '';
assert.equal((await listSecrets()).data?.secrets[0]?.name, 'by hey-api');
assert.equal((await getSecret({ path: { id } })).data?.value, 'its value');
assert.equal((await deleteSecret({ path: { id } })).data?.success, true);
assert.equal((await listSecrets()).data?.total, 0);
