// One app, for the owner: what it may do, what it said, and the ways to switch it off, back or out.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { Domains } from "./domains.jsx";
import { Settings } from "./env.jsx";
import { Logs } from "./logs.jsx";
import { go, Title } from "./route.jsx";
import { bytes, Command, Confirm, Face, Icon, Loaded, Moment, Rules, Section, Trouble, useDeed } from "./ui.jsx";
import { Usage } from "./usage.jsx";
import { Versions } from "./versions.jsx";

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
      <Settings app={app.name} />
      <Rules rules={app.rules} />
      <Section title="What it is"><Facts app={app} /></Section>
      <Usage app={app.name} />
      <Logs app={app.name} />
      <Domains app={app} />
      <Versions app={app} reload={reload} />
      <Section title="Take it with you">
        <p class="soft">An export is one file with the app and, if you want, everybody’s rows. It is written on the server:</p>
        <Command>fazt-admin app export {app.name} --data --output {app.name}.fazt</Command>
      </Section>
      <div class="row end">
        <button class="button danger quiet" type="button" onClick={() => setAsking("remove")}>Remove…</button>
      </div>
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
    <Section title="What it may do">
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
    </Section>
  );
}

const audiences = { owner: "You alone", members: "Everyone you invited", anyone: "Everyone, strangers too" };

const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

function stores({ bytes: size, rows, blobs }) {
  return `${bytes(size)} in ${counted(rows, "row")}${blobs ? ` and ${counted(blobs, "file")}` : ""}`;
}

function Facts({ app }) {
  const facts = [
    ["Open to", audiences[app.visibility]],
    ["Address", app.url && <a href={app.url}>{app.url.replace(/^https?:\/\//, "").replace(/\/$/, "")}</a>],
    ["From", comesWithFazt(app) ? "Comes with Fazt" : app.source],
    ["Version", app.version],
    ["Commit", app.commit && <code>{app.commit}</code>],
    ["Installed", app.installed && <Moment at={app.installed} />],
    ["Stores", stores(app.storage)],
    ["Code", `${bytes(app.storage.code)} in ${counted(app.storage.files, "file")}`],
  ];
  return <dl class="facts">{facts.filter(([, value]) => value).map(([key, value]) => <div key={key}><dt>{key}</dt><dd>{value}</dd></div>)}</dl>;
}
