// One app, for the owner: what it may do, what it said, and the ways to switch it off, back or out.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { go, Title } from "./route.jsx";
import { bytes, Confirm, Dialog, Face, Icon, Loaded, Moment, Rules, Trouble, useDeed } from "./ui.jsx";

const states = {
  enabled: <span class="badge">On</span>,
  disabled: <span class="badge grey">Off</span>,
  suspended: <span class="badge warn">Paused after failures</span>,
};

export function App({ name }) {
  const app = useRead("app.show", { app: name });
  return <Loaded of={app}>{(data) => <Details app={data} reload={app.reload} />}</Loaded>;
}

function Details({ app, reload }) {
  const [asking, setAsking] = useState(null);
  const { busy, problem, run } = useDeed();
  const act = (operation, args) => run(async () => { await write(operation, { app: app.name, ...args }); await reload(); });
  const on = app.state === "enabled";
  const builtin = comesWithFazt(app);
  return (
    <div class="stack">
      <a class="back" href="/"><Icon name="back" />Apps</a>
      <header class="hero">
        <Face name={app.name} title={app.title} />
        <div><Title>{app.title}</Title><p class="soft">{states[app.state]} {app.description}</p></div>
      </header>
      <div class="row">
        {on && <a class="button" href={app.url}>Open</a>}
        {!on && <button class="button" type="button" disabled={busy} onClick={() => act("app.enable")}>Switch on</button>}
        {on && <button class="button quiet" type="button" disabled={busy} onClick={() => setAsking("disable")}>Switch off…</button>}
        {!builtin && <button class="button quiet" type="button" disabled={busy} onClick={() => upgrade(app, run)}>Look for a new version</button>}
      </div>
      {problem && <Trouble problem={problem} />}
      <Permissions app={app} busy={busy} act={act} />
      {app.env.length > 0 && <Settings app={app} reload={reload} />}
      <Rules rules={app.rules} />
      <Facts app={app} />
      <Logs app={app.name} />
      <section class="row end">
        {app.previous && <button class="button quiet" type="button" onClick={() => setAsking("rollback")}>Back to the previous version…</button>}
        <button class="button danger quiet" type="button" onClick={() => setAsking("remove")}>Remove…</button>
      </section>
      <Question asking={asking} app={app} act={act} reload={reload} onClose={() => setAsking(null)} />
    </div>
  );
}

const comesWithFazt = (app) => app.source.startsWith("builtin:");

function upgrade(app, run) {
  return run(async () => go(`/add/${(await write("app.fetch", { source: app.source, app: app.name })).id}`));
}

function Question({ asking, app, reload, onClose }) {
  const ask = (operation) => async () => { await write(operation, { app: app.name }); await reload(); };
  if (asking === "disable")
    return (
      <Confirm title={`Switch ${app.title} off?`} verb="Switch off" danger={false} deed={ask("app.disable")} onClose={onClose}>
        <p>Nobody can open it until you switch it on again. Its data stays.</p>
      </Confirm>
    );
  if (asking === "rollback")
    return (
      <Confirm title="Back to the previous version?" verb="Go back" deed={ask("app.rollback")} onClose={onClose}>
        <p>The code goes back to the version before this one. What people have stored stays as it is now.</p>
      </Confirm>
    );
  return asking === "remove" && <Remove app={app} onClose={onClose} />;
}

function Remove({ app, onClose }) {
  const [purge, setPurge] = useState(false);
  const deed = async () => { await write("app.remove", { app: app.name, purge }); go("/"); };
  return (
    <Confirm title={`Remove ${app.title}?`} verb={purge ? "Remove it and its data" : "Remove the app"} deed={deed} onClose={onClose}>
      <fieldset class="choices">
        <legend class="unseen">What happens to its data</legend>
        <label><input type="radio" name="purge" checked={!purge} onChange={() => setPurge(false)} />
          <span><strong>Keep its data</strong><span class="soft small">Installing the app again brings it back.</span></span></label>
        <label><input type="radio" name="purge" checked={purge} onChange={() => setPurge(true)} />
          <span><strong>Delete its data too</strong><span class="soft small">Everybody’s data in this app. There is no way back.</span></span></label>
      </fieldset>
    </Confirm>
  );
}

function Permissions({ app, busy, act }) {
  return (
    <section class="card inset stack" aria-labelledby="may">
      <h2 id="may">What it may do</h2>
      {app.permissions.length === 0 && <p class="soft">It asks for nothing.</p>}
      <ul class="grants">
        {app.permissions.map(({ name, risk, sentence, granted }) => (
          <li class="grant switch" key={name}>
            <label>
              <input type="checkbox" role="switch" checked={granted} disabled={busy}
                onChange={() => act(granted ? "app.revoke" : "app.grant", { permission: name })} />
              <span>{sentence} {risk === "high" && <span class="badge warn">Think twice</span>}</span>
            </label>
          </li>
        ))}
      </ul>
    </section>
  );
}

// What the app wants to be told. A secret is written here and never read back.
function Settings({ app, reload }) {
  return (
    <section class="card inset stack" aria-labelledby="told">
      <h2 id="told">What it wants to be told</h2>
      {app.env.map((entry) => <Setting key={entry.name} app={app.name} entry={entry} reload={reload} />)}
    </section>
  );
}

function Setting({ app, entry: { name, description, required, secret, set }, reload }) {
  const [value, setValue] = useState("");
  const { busy, problem, run } = useDeed();
  const act = (operation, args) => run(async () => {
    await write(operation, { app, name, ...args });
    setValue("");
    await reload();
  });
  const save = (event) => { event.preventDefault(); act("app.env-set", { value }); };
  return (
    <form onSubmit={save}>
      <label class="label" for={`env-${name}`}>{name} {!set && required && <span class="badge warn">Needed</span>}{set && <span class="badge">Told</span>}</label>
      <div class="linkrow">
        <input class="input" id={`env-${name}`} type={secret ? "password" : "text"} autocomplete="off" value={value}
          placeholder={set ? "Another value instead" : ""} onInput={(event) => setValue(event.target.value)} />
        <button class="button" type="submit" disabled={busy || !value}>Save</button>
        {set && <button class="button quiet" type="button" disabled={busy} onClick={() => act("app.env-unset")}>Forget</button>}
      </div>
      {description && <p class="hint">{description}</p>}
      {problem && <Trouble problem={problem} />}
    </form>
  );
}

const audiences = { owner: "You alone", members: "Everyone you invited", anyone: "Everyone, strangers too" };

function Facts({ app }) {
  const facts = [
    ["Open to", audiences[app.visibility]],
    ["Address", app.url && <a href={app.url}>{app.url.replace(/^https?:\/\//, "").replace(/\/$/, "")}</a>],
    ["From", comesWithFazt(app) ? "Comes with Fazt" : app.source],
    ["Version", app.version],
    ["Commit", app.commit && <code>{app.commit}</code>],
    ["Installed", app.installed && <Moment at={app.installed} />],
    ["Stores", app.storage && `${bytes(app.storage.bytes)} in ${app.storage.rows} rows`],
  ];
  return <dl class="facts">{facts.filter(([, value]) => value).map(([key, value]) => <div key={key}><dt>{key}</dt><dd>{value}</dd></div>)}</dl>;
}

function Logs({ app }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <p><button class="button quiet" type="button" onClick={() => setOpen(true)}>Show what it logged</button></p>
      {open && <Dialog title="The last log lines" onClose={() => setOpen(false)}><Lines app={app} />
        <div class="row end"><button class="button quiet" type="button" onClick={() => setOpen(false)}>Close</button></div></Dialog>}
    </>
  );
}

function Lines({ app }) {
  const logs = useRead("app.logs", { app, limit: 200 });
  return (
    <Loaded of={logs}>{(lines) => lines.length === 0
      ? <p class="soft">Nothing yet. An app writes here with fazt.log, and when it fails.</p>
      : <ol class="log" tabIndex={0} aria-label="Log">{lines.map((line) => (
          <li class={line.level}>{line.at && <span class="soft"><Moment at={line.at} /> </span>}{line.text ?? line}</li>
        ))}</ol>}
    </Loaded>
  );
}
