// What an app may use and what of it is used: bars for what adds up, the rest behind a fold.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { bytes, Section, Trouble, useDeed } from "./ui.jsx";

const words = {
  "app.runs": "Runs under way",
  "app.mails": "Mails sent in a day",
  "app.starts": "Runs started in a day",
  "app.bytes": "Rows and keys, stored",
  "app.rows": "Rows and keys, how many",
  "app.files": "Files",
  "app.cpu": "Processor time in a minute",
  "app.log": "Lines logged in a minute",
  "app.egress": "Exchanged with other servers in a day",
};

function shown(n, unit) {
  return unit === "bytes" ? bytes(n) : unit === "ms" ? `${(n / 1000).toLocaleString()} s` : n.toLocaleString();
}

function Bar({ row, edit }) {
  const share = Math.min(100, row.percent ?? 0);
  return (
    <li>
      <div class="row between">
        <span>{words[row.name] ?? row.name}</span>
        <button class="button small quiet" type="button" onClick={() => edit(row)} aria-label={`Change ${row.name}`}>
          {shown(row.used, row.unit)} of {shown(row.limit, row.unit)}{row.own && " *"}
        </button>
      </div>
      <meter min="0" max="100" low="80" high="95" optimum="0" value={share} aria-label={`${row.name}: ${row.percent ?? 0} %`} />
    </li>
  );
}

function Change({ app, row, done }) {
  const [value, setValue] = useState(String(row.limit));
  const { busy, problem, run } = useDeed();
  const save = (to) => run(async () => { await write("app.limit", { app, name: row.name, value: to }); done(); });
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); save(value); }}>
      <div><label class="label" for="limit">{words[row.name] ?? row.name}</label>
        <input class="input" id="limit" inputmode="numeric" value={value} aria-describedby="limit-hint" onInput={(event) => setValue(event.target.value)} />
        <p class="hint" id="limit-hint">{row.meaning}</p></div>
      {problem && <Trouble problem={problem} />}
      <div class="row">
        <button class="button small" disabled={busy}>Save</button>
        {row.own && <button class="button small quiet" type="button" disabled={busy} onClick={() => save("default")}>As for every app</button>}
        <button class="button small quiet" type="button" onClick={done}>Cancel</button>
      </div>
    </form>
  );
}

export function Usage({ app }) {
  const usage = useRead("app.usage", { app });
  const [row, edit] = useState(null);
  const done = () => { edit(null); usage.reload(); };
  if (!usage.data) return usage.problem ? <Trouble problem={usage.problem} retry={usage.reload} /> : null;
  const within = usage.data.filter((it) => it.used === null);
  return (
    <Section title="What it uses">
      <ul class="bars">{usage.data.filter((it) => it.used !== null).map((it) => <Bar key={it.name} row={it} edit={edit} />)}</ul>
      <details><summary>Limits of each request</summary>
        <ul class="bars">{within.map((it) => (
          <li key={it.name}><button class="button small quiet" type="button" onClick={() => edit(it)}>
            {it.name}: {it.limit.toLocaleString()} {it.unit}{it.own && " *"}</button></li>
        ))}</ul>
      </details>
      {row && <Change key={row.name} app={app} row={row} done={done} />}
      {usage.data.some((it) => it.own) && <p class="soft small">* for this app alone</p>}
    </Section>
  );
}
