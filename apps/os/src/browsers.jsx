// Where one is signed in, and the way to end what is not one's own any more.

import { useRead, write } from "./api.js";
import { Loaded, Moment, Section, Trouble, useDeed } from "./ui.jsx";

// What browsers say of themselves begins with what they once were, so the most particular word counts.
const programs = [[/Edg(e|A|iOS)?\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\/|FxiOS\//, "Firefox"], [/Chrom(e|ium)\/|CriOS\//, "Chrome"], [/Safari\//, "Safari"]];
const systems = [[/Android/, "Android"], [/iPhone/, "an iPhone"], [/iPad/, "an iPad"], [/Mac OS X|Macintosh/, "a Mac"], [/Windows/, "Windows"],
  [/CrOS/, "ChromeOS"], [/Linux|X11/, "Linux"]];
const among = (list, text) => list.find(([pattern]) => pattern.test(text))?.[1];

function device(text) {
  const program = among(programs, text), system = among(systems, text);
  if (program) return system ? `${program} on ${system}` : program;
  return text.slice(0, 60) || "A browser that said nothing of itself";
}

export function Browsers() {
  const sessions = useRead("session.list");
  const { busy, problem, run } = useDeed();
  const end = (id) => run(async () => { await write("session.end", { id }); await sessions.reload(); });
  return (
    <Section title="Where you are signed in">
      {problem && <Trouble problem={problem} />}
      <Loaded of={sessions}>{(list) => (
        <ul class="plain">{list.map(({ id, device: said, created, seen, here }) => (
          <li class="line" key={id}>
            <span><strong title={said}>{device(said)}</strong> {here && <span class="badge">Here</span>}
              <span class="soft small">Since <Moment at={created} />. {!here && <>Last seen about <Moment at={seen} />.</>}</span></span>
            {!here && <button class="button small quiet" type="button" disabled={busy} aria-label={`Sign out ${device(said)}`} onClick={() => end(id)}>Sign out</button>}
          </li>
        ))}</ul>
      )}</Loaded>
      <p class="hint">When one is not yours: sign it out, and choose a new password.</p>
    </Section>
  );
}
