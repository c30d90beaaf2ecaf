// Domains of one's own that lead to an app. Fazt knows them at once; their DNS and nginx are told by hand.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { Command, Confirm, Loaded, Section, Trouble, useDeed } from "./ui.jsx";

export function Domains({ app }) {
  const domains = useRead("app.domain-list", { app: app.name });
  const [changed, setChanged] = useState(null);
  const reload = async (change) => { await domains.reload(); setChanged(change); };
  return (
    <Section title="Domains of your own">
      <Loaded of={domains}>{(list) => list.length === 0
        ? <p class="soft">None. Everybody finds it at {new URL(app.url).host}.</p>
        : <ul class="plain">{list.map((domain) => <Domain key={domain.host} app={app} domain={domain} onChange={reload} />)}</ul>}
      </Loaded>
      <Add app={app} onChange={reload} />
      {changed && <Next {...changed} />}
    </Section>
  );
}

function Domain({ app, domain: { host, url }, onChange }) {
  const [asking, setAsking] = useState(false);
  const remove = async () => { await write("app.domain-remove", { app: app.name, host }); await onChange({ host, gone: true }); };
  return (
    <li class="line">
      <a href={url}>{host}</a>
      <button class="button small danger quiet" type="button" aria-label={`Remove ${host}`} onClick={() => setAsking(true)}>Remove…</button>
      {asking && (
        <Confirm title={`Take ${host} away from ${app.title}?`} verb="Take it away" deed={remove} onClose={() => setAsking(false)}>
          <p>Links to it stop working, and whoever signed in there signs in again at {new URL(app.url).host}.</p>
        </Confirm>
      )}
    </li>
  );
}

function Add({ app, onChange }) {
  const [host, setHost] = useState("");
  const { busy, problem, run } = useDeed();
  const add = (event) => {
    event.preventDefault();
    run(async () => {
      await write("app.domain-add", { app: app.name, host: host.trim() });
      setHost("");
      await onChange({ host: host.trim().toLowerCase() });
    });
  };
  return (
    <form onSubmit={add}>
      <label class="label" for="domain">Add a domain</label>
      <div class="linkrow">
        <input class="input" id="domain" required autoComplete="off" autoCapitalize="none" spellcheck={false} inputMode="url"
          placeholder="blog.example.org" value={host} onInput={(event) => setHost(event.target.value)} />
        <button class="button" disabled={busy || !host.trim()}>Add</button>
      </div>
      {problem && <Trouble problem={problem} />}
    </form>
  );
}

function Next({ host, gone }) {
  return (
    <div class="notice block" role="status">
      <p><strong>{gone ? `${host} is taken away. One thing is left:` : `${host} is noted. What is left to do:`}</strong></p>
      <ol class="steps">
        {!gone && <li>At your provider, let {host} point to this server (an A and, if it has one, an AAAA record).</li>}
        <li>On the server, tell nginx, and let it read that again:
          <Command>fazt-admin nginx print &gt; /etc/nginx/sites-enabled/fazt &amp;&amp; nginx -t &amp;&amp; systemctl reload nginx</Command></li>
        {!gone && <li>Get a certificate for it, then repeat the step before:
          <Command>certbot certonly --webroot -w HOME/nginx/acme -d {host}</Command></li>}
      </ol>
    </div>
  );
}
