// What an app asks before it goes on. Every character of the app that would deceive was written out by the kernel; the answer is
// about the hash of what stands here.

import { useRef, useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { useArmed } from "./candidate.jsx";
import { Lines } from "./changes.jsx";
import { go, Title } from "./route.jsx";
import { Face, Loaded, Moment, Section, Trouble, useDeed } from "./ui.jsx";

export function Question({ id }) {
  const question = useRead("halt.show", { id });
  const session = useRead("session.show");
  return <Loaded of={question}>{(data) => data.state === "pending" && session.data
    ? <Answer question={data} session={session.data} reload={question.reload} /> : <Answered question={data} />}</Loaded>;
}

function Head({ question }) {
  return (
    <>
      <header class="hero">
        <Face name={question.name} title={question.title} />
        <div><Title tab={`${question.title} asks`}>{question.title} asks you</Title>
          <p class="soft"><Moment at={question.created} />{question.count > 1 && <> · {question.count} times; one answer is for all of them</>}</p></div>
      </header>
      <p>{question.reason}</p>
      {question.diff && <Section title="What would change"><Lines lines={question.diff.split("\n").slice(0, -1)} /></Section>}
      {question.shown !== "null" && <Section title="What it is about"><pre class="diff">{question.shown}</pre></Section>}
    </>
  );
}

function Answered({ question }) {
  return <article class="stack"><Head question={question} /><p class="notice" role="status">{question.state === "void"
    ? "Nobody waits for an answer any more." : <>It is {question.state}{question.by && <> by {question.by}</>}. {question.note}</>}</p></article>;
}

function Answer({ question, session, reload }) {
  const [present, setPresent] = useState("");
  const [note, setNote] = useState("");
  const { busy, problem, run } = useDeed();
  const yes = useRef();
  const armed = useArmed(yes);
  const answer = (operation) => armed && !busy && run(async () => {
    await write(operation, { id: question.id, hash: question.hash, ...(note && { note }), ...(!session.fresh && { present }) });
    go("/waiting");
  });
  return (
    <article class="stack">
      <Head question={question} />
      <div><label class="label" for="note">A word with it, if you like</label>
        <input class="input" id="note" value={note} maxLength={1000} autocomplete="off" onInput={(event) => setNote(event.target.value)} /></div>
      {!session.fresh && <div><label class="label" for="present">Your password</label>
        <input class="input" id="present" type="password" autocomplete="current-password" value={present} onInput={(event) => setPresent(event.target.value)} />
        <p class="hint">Or sign in again: an answer needs somebody who was here just now.</p></div>}
      {problem && <Trouble problem={problem} retry={problem.code === "stale" ? reload : undefined} />}
      <div class="row">
        <button class="button" type="button" ref={yes} aria-disabled={!armed || busy} onClick={() => answer("halt.approve")}>Yes, go on</button>
        <button class="button quiet" type="button" disabled={busy} onClick={() => answer("halt.deny")}>No</button>
      </div>
    </article>
  );
}
