// A page of another origin tries what it can: it gets nothing, and nothing is done.

import { createServer } from 'node:http';
import { assert, audited, enter, scenario, store, vaultctl, visitor, watch } from './support.mjs';

await scenario(async (browser) => {
  store([{ name: 'alpha', value: 'value-of-alpha' }]);
  const me = await enter(browser);
  await me.page.getByRole('button', { name: 'alpha', exact: true }).waitFor();
  const evil = createServer((_, answer) =>
    answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>evil</title><body>'),
  );
  await new Promise((done) => {
    evil.listen(0, '127.0.0.1', done);
  });
  const own = new URL(me.link).origin;
  const bearer = await me.page.evaluate(() => sessionStorage.getItem('vault.bearer'));
  const before = audited().length;
  for (const host of ['127.0.0.1', 'localhost']) {
    const other = await me.context.newPage();
    watch(other);
    await other.goto(`http://${host}:${evil.address().port}/`);
    await fetched(other, own, bearer);
    await posted(other, own);
    await framed(other, own);
    await opened(other, own);
    await other.close();
  }
  await bare(me.page, bearer);
  await rebound(browser, me.link);
  evil.close();
  assert.equal(vaultctl(['get', 'alpha']), 'value-of-alpha');
  assert.ok(audited('--action', 'decrypt').length === 1 && audited('--action', 'delete').length === 0);
  assert.equal(audited().length, before + 1);
});

// Even with the bearer in hand, no answer comes to a page of another origin.
async function fetched(page, own, bearer) {
  for (const path of ['/', '/app/main.js', '/vault/secrets', '/session']) {
    for (const mode of ['cors', 'no-cors']) {
      const got = await page.evaluate(
        async ([url, mode, bearer]) => {
          const headers = mode === 'cors' ? { authorization: `Bearer ${bearer}` } : {};
          const answer = await fetch(url, { mode, headers }).catch(() => null);
          return answer && (await answer.text().catch(() => ''));
        },
        [own + path, mode, bearer],
      );
      assert.ok(!got, `${mode} ${path}: ${got}`);
    }
  }
  const scripted = await page.evaluate(
    (url) =>
      new Promise((done) => {
        const script = document.createElement('script');
        script.onload = () => done('loaded');
        script.onerror = () => done('refused');
        script.src = url;
        document.body.append(script);
      }),
    `${own}/app/dom.js`,
  );
  assert.equal(scripted, 'refused');
}

async function posted(page, own) {
  const sent = await page.evaluate(async (url) => {
    const options = {
      method: 'POST',
      mode: 'no-cors',
      body: '{"orgId":"*"}',
      headers: { 'content-type': 'text/plain' },
    };
    await fetch(`${url}/vault/rotate-all`, options).catch(() => null);
    return navigator.sendBeacon(`${url}/vault/lock`, new Blob(['{}'], { type: 'application/json' }));
  }, own);
  assert.equal(typeof sent, 'boolean');
  const form = await page.context().newPage();
  await form.goto(page.url());
  const answered = form.waitForResponse((response) => response.url().startsWith(own));
  await form.evaluate((url) => {
    const node = document.createElement('form');
    Object.assign(node, { method: 'post', action: `${url}/vault/lock`, enctype: 'text/plain' });
    document.body.append(node);
    node.submit();
  }, own);
  assert.equal((await answered).status(), 403);
  await form.close();
}

async function framed(page, own) {
  const answered = page.waitForResponse((response) => response.url() === `${own}/`);
  await page.evaluate((url) => {
    const frame = document.createElement('iframe');
    frame.src = `${url}/`;
    document.body.append(frame);
  }, own);
  assert.equal((await answered).status(), 403);
}

// A window that it opens shows the page, without a session; and it cannot look into it.
async function opened(page, own) {
  const [popup] = await Promise.all([
    page.context().waitForEvent('page'),
    page.evaluate((url) => {
      window.other = window.open(`${url}/#/secrets`);
    }, own),
  ]);
  await popup.getByRole('heading', { name: 'This tab has no session' }).waitFor();
  const seen = await page.evaluate(() => {
    try {
      return window.other?.document?.title ?? 'nothing';
    } catch {
      return 'nothing';
    }
  });
  assert.equal(seen, 'nothing');
  await popup.close();
}

// In the page's own origin too: no bearer, a wrong one, or no CSRF token, and nothing is answered or done.
async function bare(page, bearer) {
  const tried = await page.evaluate(async (bearer) => {
    const ask = async (method, headers) => {
      const body = method === 'POST' ? '{}' : undefined;
      const answer = await fetch(method === 'POST' ? '/vault/rotate-all' : '/vault/secrets', {
        method,
        body,
        headers: { 'content-type': 'application/json', ...headers },
      });
      return [answer.status, (await answer.text()).includes('alpha')];
    };
    const authorization = `Bearer ${bearer}`;
    return [
      await ask('GET', {}),
      await ask('GET', { authorization: 'Bearer AAAA' }),
      await ask('POST', { authorization }),
      await ask('POST', { authorization, 'x-csrf-token': 'AAAA' }),
    ];
  }, bearer);
  assert.deepEqual(tried, [
    [401, false],
    [401, false],
    [403, false],
    [403, false],
  ]);
}

// A name that somebody else's domain service points here is not ours.
async function rebound(browser, link) {
  const other = await visitor(browser);
  const port = new URL(link).port;
  const answer = await other.context.request.get(`http://127.0.0.1:${port}/`, {
    headers: { host: `evil.example:${port}` },
    failOnStatusCode: false,
  });
  assert.ok(answer.status() >= 400 && !(await answer.text()).includes('Vault'));
  await other.context.close();
}
