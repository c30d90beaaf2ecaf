// What an app says: its last lines, and whatever follows while they are looked at.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { read } from "./api.js";
import { Trouble } from "./ui.jsx";

const EVERY_MS = 2000;
const KEPT = 500;

let count = 0; // a name for each line, so that those that stay are not drawn again

function named(line) {
  return { ...(typeof line === "string" ? { text: line } : line), key: ++count };
}

// From a cursor to the next, as long as somebody can see it.
function useFollow(app, level) {
  const [state, setState] = useState({});
  useEffect(() => {
    let timer, cursor, ended = false;
    const take = (answer) => {
      if (ended) return;
      cursor = answer.cursor;
      setState((old) => answer.lines.length || !old.lines ? { lines: [...(old.lines ?? []), ...answer.lines.map(named)].slice(-KEPT) } : old);
    };
    const look = async () => {
      const place = cursor ? { cursor } : { limit: 200 };
      if (!document.hidden)
        await read("app.follow", { app, level, ...place }).then(take, (problem) => ended || setState((old) => ({ ...old, problem })));
      if (!ended) timer = setTimeout(look, EVERY_MS);
    };
    setState({});
    look();
    return () => { ended = true; clearTimeout(timer); };
  }, [app, level]);
  return state;
}

export function Logs({ app }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="card inset" onToggle={(event) => event.target === event.currentTarget && setOpen(event.currentTarget.open)}>
      <summary><h2>What it logged</h2></summary>
      {open && <Following app={app} />}
    </details>
  );
}

function Following({ app }) {
  const [level, setLevel] = useState("info");
  const [words, setWords] = useState("");
  const { lines, problem } = useFollow(app, level);
  const shown = useMemo(() => lines?.filter((line) => holds(line, words.trim().toLowerCase())), [lines, words]);
  return (
    <div class="stack">
      <div class="row filters">
        <select class="input small" aria-label="Level" value={level} onChange={(event) => setLevel(event.target.value)}>
          <option value="info">Everything</option>
          <option value="warn">Warnings and errors</option>
          <option value="error">Errors</option>
        </select>
        <input class="input small" type="search" aria-label="Only lines with" placeholder="Only lines with…" value={words}
          onInput={(event) => setWords(event.target.value)} />
      </div>
      {problem && <Trouble problem={problem} />}
      {shown && <Lines lines={shown} filtered={words.trim() || level !== "info"} />}
      <p class="hint">New lines appear by themselves. All of them, on the server: <code>fazt-admin app logs {app}</code></p>
    </div>
  );
}

function holds({ text, request }, words) {
  return !words || `${text} ${request ?? ""}`.toLowerCase().includes(words);
}

// Stays at the end unless somebody scrolled up to read.
function Lines({ lines, filtered }) {
  const list = useRef(), atEnd = useRef(true);
  useEffect(() => { if (list.current && atEnd.current) list.current.scrollTop = list.current.scrollHeight; }, [lines]);
  const onScroll = ({ currentTarget: e }) => { atEnd.current = e.scrollHeight - e.scrollTop - e.clientHeight < 40; };
  if (lines.length === 0) return <p class="soft">{filtered ? "No such line among the last ones." : "Nothing yet. An app writes here with fazt.log, and when it fails."}</p>;
  return (
    <ol class="log" ref={list} tabIndex={0} role="log" aria-live="off" aria-label="Log" onScroll={onScroll}>
      {lines.map(({ key, at, level, text, request }) => (
        <li key={key} class={level} title={request && `Request ${request}`}>
          {at && <time class="soft" dateTime={at}>{clock.format(new Date(at))}</time>} {levels[level] && <strong>{levels[level]}</strong>} {text}
        </li>
      ))}
    </ol>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });
const levels = { warn: "Warning", error: "Error" };
