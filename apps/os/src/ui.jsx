// Small parts that several views are made of.

import { useEffect, useId, useRef, useState } from "preact/hooks";

const strokes = {
  back: "M15 5l-7 7 7 7",
  plus: "M12 5v14M5 12h14",
  apps: "M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.6-3.6 3.2-5.5 6.5-5.5s5.9 1.9 6.5 5.5M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.9c2 .8 3.2 2.6 3.5 5.1",
  waiting: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
  runs: "M7 4.5v15l12-7.5z",
  calendar: "M4 6h16v14H4zM4 10.5h16M8.5 3v4M15.5 3v4",
  more: "M4.5 12h1M11.5 12h1M18.5 12h1",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  warn: "M12 4L2.5 20.5h19zM12 10v4.5M12 17.5v.01",
};

export function Icon({ name, size = 20 }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d={strokes[name]} /></svg>
  );
}

// An app without a picture gets one from its name: always the same colour, always its first letter.
const hues = [12, 32, 48, 96, 152, 176, 200, 222, 248, 276, 312, 340];

export function Face({ name, title = name, round = false }) {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  const style = { "--hue": hues[sum % hues.length] };
  return <span class={round ? "face round" : "face"} style={style} aria-hidden="true">{[...title.trim()][0]?.toUpperCase()}</span>;
}

export function Waiting({ children = "One moment…" }) {
  return <p class="soft still" role="status">{children}</p>;
}

// Where the loading of a view can stand: an error with a way on, nothing yet, or the data.
export function Loaded({ of, children }) {
  if (of.data !== undefined) return <>{of.problem && <Trouble problem={of.problem} retry={of.reload} />}{children(of.data)}</>;
  return of.problem ? <Trouble problem={of.problem} retry={of.reload} /> : <Waiting />;
}

// The kernel words its errors for a command line; here they stand as sentences.
export function sentence(text) {
  return text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

export function Trouble({ problem, retry }) {
  return (
    <div class="notice danger" role="alert">
      <p><strong>{sentence(problem.message)}</strong>
        {problem.request && <span class="small soft">If it stays like this, look for {problem.request} in the server’s log.</span>}</p>
      {retry && <button class="button small quiet" type="button" onClick={retry}>Try again</button>}
    </div>
  );
}

export function Sentences({ list, soft }) {
  return <ul class={soft ? "grants soft" : "grants"}>{list.map((text) => (
    <li class="grant" key={text}><span class="dot" aria-hidden="true" /><span>{text}</span></li>
  ))}</ul>;
}

// One subject of a page.
export function Section({ title, children }) {
  const id = useId();
  return (
    <section class="card inset stack" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

// The rules of an app's rows, as the kernel words them.
export function Rules({ rules }) {
  return rules.length > 0 && <Section title="Who sees what"><Sentences list={rules} /></Section>;
}

// For a shell on the server: what this page cannot do, or should not.
export function Command({ children }) {
  return <pre class="command"><code>{children}</code></pre>;
}

export function Empty({ title, children }) {
  return <div class="empty"><h2>{title}</h2><p class="soft">{children}</p></div>;
}

// Runs something that may fail: `busy` while it runs, `problem` when it did.
export function useDeed() {
  const [state, setState] = useState({ busy: false });
  async function run(deed) {
    setState({ busy: true });
    try {
      const result = await deed();
      setState({ busy: false });
      return result;
    } catch (problem) {
      setState({ busy: false, problem });
    }
  }
  return { ...state, run };
}

// A question in front of the page. The browser's own dialog keeps the focus inside and gives it back afterwards.
export function Dialog({ title, onClose, children }) {
  const dialog = useRef();
  const id = useId();
  useEffect(() => { dialog.current.showModal(); }, []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={id} onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      <div class="stack">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

// Asks before `deed` is done; stays open, with the reason, when it fails.
export function Confirm({ title, verb, danger = true, deed, onClose, children }) {
  const { busy, problem, run } = useDeed();
  const done = async () => { await run(async () => { await deed(); onClose(); }); };
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {problem && <Trouble problem={problem} />}
      <div class="row end">
        <button class="button quiet" type="button" onClick={onClose} autofocus>Cancel</button>
        <button class={danger ? "button danger" : "button"} type="button" disabled={busy} onClick={done}>{verb}</button>
      </div>
    </Dialog>
  );
}

// A one-time link that the owner hands on. It is shown once; the kernel keeps only its hash.
export function LinkToHandOn({ link }) {
  const [copied, setCopied] = useState(false);
  const field = useRef();
  const copy = async () => {
    field.current.select();
    await (navigator.clipboard?.writeText(link) ?? Promise.resolve(document.execCommand("copy")));
    setCopied(true);
  };
  return (
    <div class="linkrow">
      <input class="input mono" ref={field} readOnly value={link} aria-label="Link" onFocus={(event) => event.target.select()} />
      <button class="button" type="button" onClick={copy}><Icon name={copied ? "check" : "copy"} />{copied ? "Copied" : "Copy"}</button>
      <span class="unseen" role="status">{copied && "Copied"}</span>
    </div>
  );
}

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function Moment({ at, exact }) {
  return <time dateTime={new Date(at).toISOString()}>{(exact ? exactly : moment).format(new Date(at))}</time>;
}

// As a person would say it: two units at most.
export function duration(ms) {
  if (ms < 1000) return `${ms} ms`;
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, seconds]) => ms >= seconds * 1000);
  let rest = Math.round(ms / 1000);
  return units.slice(first, first + 2).map(([unit, seconds]) => {
    const n = Math.floor(rest / seconds);
    rest -= n * seconds;
    return n > 0 && `${n} ${unit}`;
  }).filter(Boolean).join(" ");
}

export function bytes(n) {
  const unit = n < 1024 ? "byte" : n < 1048576 ? "kilobyte" : n < 1073741824 ? "megabyte" : "gigabyte";
  const scale = { byte: 1, kilobyte: 1024, megabyte: 1048576, gigabyte: 1073741824 }[unit];
  return new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", maximumFractionDigits: 1 }).format(n / scale);
}
