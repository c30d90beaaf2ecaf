// A fetched app that is not installed yet: its progress, then what it is and asks for, and the owner's consent.
// What is consented to is the hash of what was shown; the kernel refuses when the two differ.

import { useEffect, useRef, useState } from "preact/hooks";
import { read, useRead, write } from "./api.js";
import { Changes, Content, hidden, useChanges } from "./changes.jsx";
import { Present, usePresent } from "./present.jsx";
import { go, Title, useDone } from "./route.jsx";
import { Face, Rules, Section, sentence, Sentences, Trouble, useDeed, Waiting } from "./ui.jsx";

const POLL_MS = 400;
const NAMED = 20;
const ARM_MS = 500; // a button that appears under a finger must not be pressed by it

function useCandidate(id) {
  const [state, setState] = useState({});
  useEffect(() => {
    let timer;
    const look = () => read("app.candidate", { id }).then((data) => {
      setState({ data });
      if (data.state === "fetching") timer = setTimeout(look, POLL_MS);
    }, (problem) => setState({ problem }));
    look();
    return () => clearTimeout(timer);
  }, [id]);
  return state;
}

// True once the element has been in view, in a visible tab, for ARM_MS without a break. Nearly all of it is enough: a browser that scrolls to
// what has the focus may leave a fraction of a pixel outside.
export function useArmed(element) {
  const [armed, setArmed] = useState(false);
  useEffect(() => {
    let timer, inView = false;
    const weigh = () => {
      clearTimeout(timer);
      if (inView && !document.hidden) timer = setTimeout(() => setArmed(true), ARM_MS);
      else setArmed(false);
    };
    const observer = new IntersectionObserver(([entry]) => { inView = entry.isIntersecting; weigh(); }, { threshold: 0.9 });
    observer.observe(element.current);
    document.addEventListener("visibilitychange", weigh);
    return () => { clearTimeout(timer); observer.disconnect(); document.removeEventListener("visibilitychange", weigh); };
  }, []);
  return armed;
}

export function Candidate({ id }) {
  const { data, problem } = useCandidate(id);
  const [installed, setInstalled] = useState(false);
  const done = useDone(() => setInstalled(true));
  if (installed || data?.state === "installed") return <Installed app={data} />;
  if (problem) return <Lost problem={problem} />;
  if (!data) return <Waiting />;
  if (data.state === "fetching") return <Fetching candidate={data} />;
  if (data.state === "failed") return <Failed candidate={data} />;
  return <Consent id={id} app={data} onInstalled={() => done(`${data.title} ${data.upgrade ? "has its new version" : "is installed"}.`)} />;
}

// Also where an upgrade ends that asked for nothing new: it needs no word of the owner.
function Installed({ app: { name, title } }) {
  const app = useRead("app.show", { app: name });
  return (
    <div class="stack middle">
      <Face name={name} title={title} />
      <Title>{title} is installed</Title>
      <p class="soft">It has a tile among your apps. Behind the three dots you can switch it off again.</p>
      <div class="row">
        {app.data && <a class="button" href={app.data.url}>Open {title}</a>}
        <a class="button quiet" href="/">To your apps</a>
      </div>
    </div>
  );
}

function Lost({ problem }) {
  return (
    <div class="stack">
      <Title tab="Add an app">This can no longer be installed</Title>
      <Trouble problem={problem} />
      <p class="soft">What was fetched is kept for a while only. Fetch it again and decide then.</p>
      <p><a class="button" href="/add">Start again</a></p>
    </div>
  );
}

function Fetching({ candidate }) {
  return (
    <div class="stack">
      <Title tab="Fetching…">Having a look…</Title>
      <p class="soft">{candidate.source}</p>
      <progress class="progress" aria-label="Fetching" />
      <p role="status">{candidate.progress || "Fetching the files"}</p>
      <p class="soft small">Nothing is installed yet. You may leave this page; it goes on under Waiting.</p>
    </div>
  );
}

function Failed({ candidate }) {
  if (candidate.rehearsal) return <Unready candidate={candidate} />;
  const { message, code } = candidate.error ?? {};
  return (
    <div class="stack">
      <Title tab="Not installed">That did not work</Title>
      <div class="notice danger" role="alert"><p><strong>{sentence(message ?? "the app could not be fetched")}</strong>
        {candidate.source && <span class="small">{candidate.source}</span>}</p></div>
      <p class="soft">{advice[code] ?? "Nothing was installed. Check the address and try again."}</p>
      <p><a class="button" href="/add">Try another address</a></p>
    </div>
  );
}

// An upgrade that did not get through its rehearsal.
function Unready({ candidate: { name, title, version, error, rehearsal } }) {
  const failed = rehearsal.failed ?? [];
  return (
    <div class="stack">
      <Title tab="Not upgraded">{title} stays as it is</Title>
      <div class="notice danger" role="alert"><p><strong>Its new version {version} did not get through the rehearsal on a copy of your rows.</strong>
        {failed.length === 0 && sentence(error.message)}</p></div>
      {failed.length > 0 && (
        <Section title={failed.length === 1 ? "The test that failed" : "Tests that failed"}>
          <ul class="failures">{failed.map(({ file, name: test, message }) => (
            <li key={`${file} ${test}`}><strong>{test ?? "It does not load"}</strong> <code class="soft">{file}</code><pre class="command">{message}</pre></li>
          ))}</ul>
        </Section>
      )}
      <p class="soft">Nothing was changed: the version you have goes on serving, with its rows as they are. What failed is for the
        author of the app to repair; then look for a new version again.</p>
      <p><a class="button" href={`/apps/${name}`}>Back to {title}</a></p>
    </div>
  );
}

const repair = "Nothing was installed. This is for the author of the app to repair; the sentence above says where.";
const advice = {
  bad_source: "Nothing was installed. An address begins with https:// and names a Git repository.",
  blocked_address: "Nothing was installed. Apps come from public addresses only.",
  not_found: "Nothing was installed. Check the spelling, and whether the repository is public.",
  bad_manifest: repair, bad_package: repair, bad_path: repair, binary_chunk: repair, manifest_limits: repair,
};

// What is risky is given one by one. What an upgrade asked for before stays as the owner left it.
function Permissions({ app, granted, setGranted }) {
  const asked = app.permissions.filter((permission) => !app.upgrade || permission.new);
  const kept = app.permissions.filter((permission) => !asked.includes(permission));
  const low = asked.filter(({ risk }) => risk !== "high");
  const high = asked.filter(({ risk }) => risk === "high");
  const tick = (name, on) => setGranted((old) => (on ? [...old, name] : old.filter((other) => other !== name)));
  return (
    <Section title={app.upgrade ? "What it asks for now" : "What it may do"}>
      {asked.length === 0 && <p class="soft">{app.upgrade ? "Nothing new." : "It asks for nothing."}</p>}
      {low.length > 0 && <Sentences list={low.map(({ sentence }) => sentence)} />}
      {high.length > 0 && (
        <fieldset class="grants">
          <legend><span class="badge warn">Think twice</span> Only if you tick it:</legend>
          {high.map(({ name, sentence }) => (
            <label class="risk" key={name}>
              <input type="checkbox" checked={granted.includes(name)} onChange={(event) => tick(name, event.target.checked)} />
              {sentence}
            </label>
          ))}
          <p class="hint">What you leave out the app does without. You can change your mind later.</p>
        </fieldset>
      )}
      {kept.length > 0 && <><h3>As before, where you allowed it</h3><Sentences list={kept.map(({ sentence }) => sentence)} soft /></>}
    </Section>
  );
}

// Told after it is installed, on its own page.
function Wants({ env }) {
  return env.length > 0 && (
    <Section title="What it wants to be told">
      <dl class="facts">
        {env.map(({ name, description, required, secret, set }) => (
          <div key={name}><dt>{name}</dt>
            <dd>{[description, secret && "A secret.", set ? "You told it." : required ? "It needs that to work." : ""].filter(Boolean).join(" ")}</dd></div>
        ))}
      </dl>
      {env.some(({ set }) => !set) && <p class="hint">You tell it on its page, once it is installed.</p>}
    </Section>
  );
}

function Origin({ app }) {
  return (
    <dl class="facts">
      {!app.asks && <div><dt>From</dt><dd>{app.source}</dd></div>}
      {app.commit && <div><dt>Commit</dt><dd><code>{app.commit}</code></dd></div>}
      {app.version && <div><dt>Version</dt><dd>{app.version}{app.upgrade && `, after ${app.upgrade.from}`}</dd></div>}
    </dl>
  );
}

// What came of trying every page as several people. An app without pages of its own has nothing to tell.
function Trial({ trial }) {
  if (!trial?.requests) return null;
  return (
    <Section title="What happened when it was tried">
      {trial.findings.length === 0
        ? <p>Two people, a stranger and you tried every page of it: nothing crossed a rule.</p>
        : <p><span class="badge warn">Think twice</span> {trial.findings.length === 1 ? "One thing is" : `${trial.findings.length} things are`} not as its rules promise:</p>}
      {trial.findings.length > 0 && <Sentences list={trial.findings.map(finding)} />}
      {trial.failed > 0 && <p class="hint">{trial.failed} of {trial.requests} requests failed in the app itself.</p>}
      {!trial.finished && <p class="hint">There was not enough time to try all of it.</p>}
    </Section>
  );
}

// What happened to a copy of the rows, before anybody is asked.
function Rehearsal({ rehearsal }) {
  if (rehearsal?.trouble) return <Troubled trouble={rehearsal.trouble} />;
  if (!rehearsal || (!rehearsal.migrations.length && rehearsal.tests === undefined)) return null;
  const { migrations, rows, changed, tests, left_out: left } = rehearsal;
  return (
    <Section title="How its rehearsal went">
      {migrations.length > 0 && <><p>Its data migrations ran on all rows: {changed} of {rows} rows change.</p><Sentences list={migrations} /></>}
      {tests !== undefined && <p>{tests === 1 ? "Its one test passes" : `All ${tests} of its tests pass`} on a copy of the rows.</p>}
      {left > 0 && <p class="hint">That copy has the newest rows of each collection; {left} older ones were left out.</p>}
    </Section>
  );
}

// Whoever proposed it was told nothing of that: it is about the code and the rows of another app.
function Troubled({ trouble }) {
  return (
    <Section title="How its rehearsal went">
      <div class="notice danger" role="alert"><p><strong>It failed.</strong> {sentence(trouble)}</p></div>
      <p class="hint">That is what came of trying it on this app's code and a copy of its rows. The app that proposes it was not told.</p>
    </Section>
  );
}

function finding({ kind, route, callers, collection, key, owner, why, as_app }) {
  const row = key ? `the key “${key}”` : `a row of “${collection}”`;
  const what = kind === "get" ? `changes ${row}` : `lets ${callers.join(", ")} ${kind} ${row} that belongs to ${owner}`;
  return `${route} ${what}${as_app ? ", by speaking for itself" : ""}: ${why}.`;
}

// What was fetched is installed with a click; what an app proposes is answered like any question of an app.
function useVerdict(id, app, granted, unseen, present) {
  const more = { grant: granted, ...(unseen && { unseen }) };
  if (!app.asks)
    return { yes: () => write("app.consent", { id, hash: app.hash, ...more }), no: () => write("app.discard", { id }) };
  const args = { id, hash: app.hash, ...present.args };
  return { yes: () => write("halt.approve", { ...args, ...more }), no: () => write("halt.deny", args) };
}

// What is in some files nobody can see here: that is said yes to by itself, with their names.
function Unseen({ files, ticked, tick }) {
  return (
    <Section title="What is not shown">
      <label class="risk">
        <input type="checkbox" checked={ticked} onChange={(event) => tick(event.target.checked)} />
        <span>I say yes to {files.length === 1 ? "this file" : `these ${files.length} files`} without having seen what is in {files.length === 1 ? "it" : "them"}:{" "}
          {files.slice(0, NAMED).map(({ path }, i) => <>{i > 0 && ", "}<code>{path}</code></>)}{files.length > NAMED && ` and ${files.length - NAMED} more`}.</span>
      </label>
      <p class="hint">They are no text, or too long to be compared line by line.</p>
    </Section>
  );
}

function Consent({ id, app, onInstalled }) {
  const [granted, setGranted] = useState([]);
  const present = usePresent();
  const done = useDone(() => go(app.asks ? "/waiting" : "/"));
  const changes = useChanges(app, id);
  const unseen = hidden(changes.data);
  const [ticked, tick] = useState(false);
  const verdict = useVerdict(id, app, granted, ticked, present);
  const { busy, problem, run } = useDeed();
  const install = useRef();
  const armed = useArmed(install);
  const looked = !(app.upgrade || app.asks) || changes.data || changes.problem;
  const ready = armed && !busy && looked && (!unseen || unseen.length === 0 || ticked);
  const consent = () => ready && run(async () => {
    await verdict.yes();
    onInstalled();
  });
  const discard = () => run(async () => { await verdict.no(); done(`${app.title} ${app.upgrade ? "stays as it is" : "was not installed"}.`); });
  return (
    <article class="stack">
      <header class="hero">
        <Face name={app.name} title={app.title} />
        <div><Title tab={`${app.title}: install?`}>{app.upgrade ? `Upgrade ${app.title}?` : `Install ${app.title}?`}</Title>
          {app.description && <p class="soft">{app.description}</p>}</div>
      </header>
      {app.asks && <div class="notice"><p><strong>Proposed by {app.asks}</strong> {app.words}{app.run && <> · <a href={`/runs/${app.run}`}>its run</a></>}</p></div>}
      <Origin app={app} />
      {app.upgrade?.reason && <div class="notice warn"><p><strong>Why it waits for you</strong> {app.upgrade.reason}</p></div>}
      <Permissions app={app} granted={granted} setGranted={setGranted} />
      <Wants env={app.env} />
      <Rules rules={app.rules} />
      <Trial trial={app.trial} />
      <Rehearsal rehearsal={app.rehearsal} />
      {app.upgrade ? <Changes of={changes} /> : app.asks && <Content of={changes} />}
      {unseen?.length > 0 && <Unseen files={unseen} ticked={ticked} tick={tick} />}
      {app.asks && <Present of={present} />}
      {problem && <Trouble problem={problem} retry={problem.code === "stale" ? () => location.reload() : undefined} />}
      <div class="row">
        <button class="button" type="button" ref={install} aria-disabled={!ready} onClick={consent}>
          {app.upgrade ? (busy ? "Upgrading…" : "Upgrade") : busy ? "Installing…" : "Install"}
        </button>
        <button class="button quiet" type="button" disabled={busy} onClick={discard}>No, thank you</button>
      </div>
    </article>
  );
}
