// What an app asks before it goes on. Every character of the app that would deceive was written out by the kernel; the answer is
// about the hash of what stands here.

import { useContext, useRef, useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { Candidate, useArmed } from "./candidate.jsx";
import { Lines } from "./changes.jsx";
import { Present, usePresent } from "./present.jsx";
import { Title, useDone, Within } from "./route.jsx";
import { Face, Icon, Loaded, Moment, Section, Trouble, useDeed } from "./ui.jsx";

// The address of whatever waits for a word: a question, or a package.
export function Question({ id }) {
  const question = useRead("halt.show", { id });
  const inside = useContext(Within);
  return (
    <div class="stack">
      {!inside && <a class="back" href="/waiting"><Icon name="back" />Waiting</a>}
      <Loaded of={question}>{(data) => data.state !== "pending" ? <Answered question={data} />
        : data.kind === "halt" ? <Answer question={data} reload={question.reload} /> : <Candidate id={id} />}</Loaded>
    </div>
  );
}

function Head({ question }) {
  const asks = question.kind === "halt" ? `${question.title} asks you` : question.title;
  return (
    <>
      <header class="hero">
        <Face name={question.name ?? "?"} title={question.title ?? "?"} />
        <div><Title tab={asks}>{asks}</Title>
          <p class="soft"><Moment at={question.created} />{question.count > 1 && <> · {question.count} times; one answer is for all of them</>}
            {question.run && <> · <a href={`/runs/${question.run}`}>its run</a></>}</p></div>
      </header>
      {question.reason && <p>{question.reason}</p>}
      {question.diff && <Section title="What would change"><Lines lines={question.diff.split("\n").slice(0, -1)} /></Section>}
      {question.shown && question.shown !== "null" && <Section title="What it is about"><pre class="value">{question.shown}</pre></Section>}
    </>
  );
}

const ends = {
  approved: "You said yes.", applied: "You said yes, and it was done.", denied: "You said no.", expired: "Nobody answered in time, which is a no.",
  stale: "What it was about has changed since; nobody waits for an answer any more.",
};

function Answered({ question }) {
  const changed = "answer" in question && JSON.stringify(question.answer) !== JSON.stringify(question.data);
  return (
    <article class="stack">
      <Head question={question} />
      <p class="notice" role="status">{ends[question.state]} {question.by && `(${question.by})`} {question.note}</p>
      {changed && <Section title="What it got instead"><pre class="value">{plain(question.answer)}</pre></Section>}
    </article>
  );
}

// JSON to be edited: what could not be seen is written as JSON writes it.
function plain(data) {
  return JSON.stringify(data, null, 2).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu, (c) => (c === "\n" ? c
    : [...Array(c.length).keys()].map((i) => "\\u" + c.charCodeAt(i).toString(16).padStart(4, "0")).join("")));
}

function parsed(text) {
  try { return { data: JSON.parse(text) }; } catch { return { wrong: true }; }
}

function Edit({ text, setText, wrong }) {
  return (
    <div>
      <label class="label" for="data">What the app gets</label>
      <textarea class="input mono" id="data" rows={Math.min(16, text.split("\n").length + 1)} spellcheck={false} value={text} aria-invalid={wrong}
        aria-describedby="data-hint" onInput={(event) => setText(event.target.value)} />
      <p class={wrong ? "hint failure" : "hint"} id="data-hint">{wrong ? "This is no JSON yet." : "Change what you like; it goes on with this."}</p>
    </div>
  );
}

function Answer({ question, reload }) {
  const [note, setNote] = useState("");
  const [text, setText] = useState(null); // null: as the app wrote it
  const present = usePresent();
  const done = useDone();
  const { busy, problem, run } = useDeed();
  const yes = useRef();
  const armed = useArmed(yes);
  const { data, wrong = false } = text === null ? {} : parsed(text);
  const answer = (operation, word, more) => !busy && run(async () => {
    await write(operation, { id: question.id, hash: question.hash, ...(note && { note }), ...present.args, ...more });
    done(`${question.title} ${word}.`);
  });
  const approve = () => armed && !wrong && answer("halt.approve", "goes on", text !== null && text !== plain(question.data) ? { data } : {});
  return (
    <article class="stack">
      <Head question={question} />
      {text !== null && <Edit text={text} setText={setText} wrong={wrong} />}
      {text === null && question.data !== null && <div><button class="button small quiet" type="button" onClick={() => setText(plain(question.data))}>Change it first</button></div>}
      <div><label class="label" for={`note-${question.id}`}>A word with it, if you like</label>
        <input class="input" id={`note-${question.id}`} value={note} maxLength={1000} autocomplete="off" onInput={(event) => setNote(event.target.value)} /></div>
      <Present of={present} />
      {problem && <Trouble problem={problem} retry={problem.code === "stale" ? reload : undefined} />}
      <div class="row">
        <button class="button" type="button" ref={yes} aria-disabled={!armed || busy || wrong} onClick={approve}>{text === null ? "Yes, go on" : "Yes, with that"}</button>
        <button class="button quiet" type="button" disabled={busy} onClick={() => answer("halt.deny", "got a no")}>No</button>
      </div>
    </article>
  );
}
