// Runs: what apps do that outlives a request, how far each is, and the owner's hand on it.

import { useState } from "preact/hooks";
import { read, useLive, useRead, write } from "./api.js";
import { go, Title } from "./route.jsx";
import { Confirm, duration, Empty, Face, Icon, Loaded, Moment, Section, Trouble, useDeed } from "./ui.jsx";

const LIST = 100, MOST = 1000;

const states = {
  queued: ["Queued", "grey"],
  running: ["Running", ""],
  waiting: ["Waits", "warn"],
  held: ["On hold", "grey"],
  done: ["Done", ""],
  failed: ["Failed", "danger"],
  cancelled: ["Cancelled", "grey"],
};

function State({ of }) {
  const [word, look] = states[of] ?? [of, "grey"];
  return <span class={`badge ${look}`}>{word}</span>;
}

function Bar({ progress }) {
  if (!progress) return null;
  return (
    <span class="progressed">
      {progress.total > 0 && <progress class="progress" max={progress.total} value={Math.min(progress.done, progress.total)} aria-label="Progress" />}
      <span class="small">{progress.total > 0 && `${progress.done.toLocaleString()} of ${progress.total.toLocaleString()}`} {progress.text}</span>
    </span>
  );
}

// ---- all of them ----

export function Runs() {
  const [app, setApp] = useState("");
  const [state, setState] = useState("");
  const [limit, setLimit] = useState(LIST);
  const apps = useRead("app.list");
  const runs = useLive("run.list", { ...(app && { app }), ...(state && { state }), limit });
  return (
    <div class="stack">
      <Title>Runs</Title>
      <div class="row filters">
        <select class="input small" aria-label="App" value={app} onChange={(event) => setApp(event.target.value)}>
          <option value="">Every app</option>
          {(apps.data ?? []).filter(({ name }) => name !== "os").map(({ name, title }) => <option value={name} key={name}>{title}</option>)}
        </select>
        <select class="input small" aria-label="State" value={state} onChange={(event) => setState(event.target.value)}>
          <option value="">In every state</option>
          {Object.entries(states).map(([name, [word]]) => <option value={name} key={name}>{word}</option>)}
        </select>
      </div>
      <Loaded of={runs}>{(list) => list.length === 0
        ? <Empty title={app || state ? "No such run" : "Nothing runs"}>What an app finishes in the background, or does at an hour of its own, stands here.</Empty>
        : <>
            <ul class="decisions">{list.map((run) => <li key={run.id}><Line run={run} titles={apps.data ?? []} /></li>)}</ul>
            {list.length === limit && limit < MOST && <button class="button quiet" type="button" onClick={() => setLimit(Math.min(limit + LIST, MOST))}>Show more</button>}
          </>}
      </Loaded>
    </div>
  );
}

function titled(apps, name) {
  return apps.find((app) => app.name === name)?.title ?? name ?? "A removed app";
}

const BRIEF = 140;

// The first line of an error, where a whole one would push the others away.
function brief(error) {
  const [line] = error.split("\n");
  return line.length > BRIEF ? `${line.slice(0, BRIEF)}…` : line === error ? line : `${line} …`;
}

function Line({ run, titles }) {
  return (
    <a class="card decision" href={`/runs/${run.id}`}>
      <Face name={run.app ?? "?"} title={titled(titles, run.app)} />
      <span>
        <strong>{titled(titles, run.app)}</strong> {run.job ? run.job : <code>{run.handler}</code>} <State of={run.state} />
        <span class="soft small"><Moment at={run.created} /> · {run.steps === 1 ? "one step" : `${run.steps} steps`}{run.ended > 0 && ` · took ${duration(run.ended - run.created)}`}
          {run.state === "queued" && run.error && <> · tried again <Moment at={run.due} /></>}</span>
        {!run.ended && <Bar progress={run.progress} />}
        {run.error && <span class="small failure brief" title={run.error}>{brief(run.error)}</span>}
      </span>
      <Icon name="back" />
    </a>
  );
}

// ---- one ----

export function Run({ id }) {
  const run = useLive("run.show", { id }, (data) => !data?.ended);
  return <Loaded of={run}>{(data) => <Details run={data} reload={run.reload} />}</Loaded>;
}

function Details({ run, reload }) {
  return (
    <article class="stack">
      <a class="back" href="/runs"><Icon name="back" />Runs</a>
      <header class="hero">
        <Face name={run.app ?? "?"} />
        <div><Title tab={`Run of ${run.app}`}>{run.handler}</Title>
          <p class="soft"><State of={run.state} /> {run.app && <a href={`/apps/${run.app}`}>{run.app}</a>} · <Moment at={run.created} /></p></div>
      </header>
      {run.question && <div class="notice warn"><p><strong>It waits for your answer.</strong></p><a class="button small" href={`/questions/${run.question}`}>Answer</a></div>}
      {run.error && <div class="notice danger" role={run.ended ? "alert" : undefined}><p><strong>{run.ended ? "It failed" : "It will be tried again"}</strong><code class="small">{run.error}</code></p></div>}
      {!run.ended && <Bar progress={run.progress} />}
      <Hand run={run} reload={reload} />
      <Section title="What it is"><Facts run={run} /></Section>
      <Steps run={run} />
    </article>
  );
}

const principals = { app: "The app itself", nobody: "A stranger", gone: "Somebody whose account is gone" };

function Facts({ run }) {
  const facts = [
    ["Job", run.job && <a href="/calendar">{run.job}</a>],
    ["Acts as", principals[run.as] ?? run.as],
    ["Given", <pre class="value">{run.input}</pre>],
    ["Result", run.ended > 0 && run.state === "done" && <pre class="value">{run.result}</pre>],
    ["Goes on", !run.ended && run.due > 0 && <Moment at={run.due} />],
    ["Waits for", run.awaits && <a href={`/runs/${run.awaits}`}>another run</a>],
    ["Part of", run.parent && <a href={`/runs/${run.parent}`}>another run</a>],
    ["Attempts", run.attempt > 0 && `${run.attempt} failed, of ${run.retries + 1}`],
    ["Version", run.version],
    ["Ended", run.ended > 0 && <><Moment at={run.ended} /> · took {duration(run.ended - run.created)}</>],
    ["Name", <code>{run.id}</code>],
  ];
  return <dl class="facts">{facts.filter(([, value]) => value).map(([key, value]) => <div key={key}><dt>{key}</dt><dd>{value}</dd></div>)}</dl>;
}

// What may be done depends on whether it is over.
function Hand({ run, reload }) {
  const [newest, setNewest] = useState(false);
  const [asking, setAsking] = useState(false);
  const { busy, problem, run: deed } = useDeed();
  const again = (start) => deed(async () => { await write("run.retry", { id: run.id, start, newest }); await reload(); });
  const cancel = async () => { await write("run.cancel", { id: run.id }); await reload(); };
  if (run.state === "done") return null;
  if (!run.ended)
    return (
      <div class="row">
        <button class="button danger quiet" type="button" onClick={() => setAsking(true)}>Cancel it…</button>
        {asking && <Confirm title="Cancel this run?" verb="Cancel it" deed={cancel} onClose={() => setAsking(false)}>
          <p>It ends where it is, with the runs it started. What it did so far stays done.</p></Confirm>}
      </div>
    );
  return (
    <div class="stack">
      <label class="row tight"><input type="checkbox" checked={newest} onChange={(event) => setNewest(event.target.checked)} />On the version of the app that serves now</label>
      {problem && <Trouble problem={problem} />}
      <div class="row">
        <button class="button" type="button" disabled={busy} onClick={() => again(false)}>{run.state === "failed" ? "Go on from the failing step" : "Go on where it was"}</button>
        <button class="button quiet" type="button" disabled={busy} onClick={() => again(true)}>From the start</button>
      </div>
    </div>
  );
}

// The last hundred come with the run; what was before them, when somebody asks.
function Steps({ run }) {
  const [earlier, setEarlier] = useState([]);
  const { busy, problem, run: deed } = useDeed();
  const steps = [...earlier.filter(({ seq }) => seq < (run.journal[0]?.seq ?? 0)), ...run.journal];
  const load = () => deed(async () => setEarlier((await read("run.follow", { id: run.id, seq: 0 })).journal));
  if (steps.length === 0) return null;
  return (
    <Section title="Its steps">
      {steps[0].seq > 0 && <button class="button small quiet" type="button" disabled={busy} onClick={load}>Show the first ones</button>}
      {problem && <Trouble problem={problem} />}
      <ol class="steplist">{steps.map((step) => <Step key={step.seq} step={step} />)}</ol>
    </Section>
  );
}

function Step({ step }) {
  const { seq, name, given, gave, began, ended, code } = step;
  return (
    <li class={code ? "failed" : ended ? undefined : "open"}>
      <details>
        <summary><span class="soft small number">{seq + 1}</span> <code>{name}</code>
          <span class="soft small">{code ? <span class="failure">{code}</span> : ended ? duration(ended - began) : "waits"}</span></summary>
        <dl class="facts">
          <div><dt>When</dt><dd><Moment at={began} exact /></dd></div>
          <div><dt>Given</dt><dd><pre class="value">{given}</pre></dd></div>
          {ended > 0 && <div><dt>{code ? "Error" : "Gave"}</dt><dd><pre class="value">{gave || "nothing"}</pre></dd></div>}
        </dl>
      </details>
    </li>
  );
}
