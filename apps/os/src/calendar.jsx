// What apps will do by themselves in the next days, hour by hour, and what they did not do and why.

import { useState } from "preact/hooks";
import { useRead, write } from "./api.js";
import { go, Title } from "./route.jsx";
import { duration, Empty, Loaded, Moment, Section, Trouble, useDeed } from "./ui.jsx";

const DAYS = 7, FIRINGS = 5000, TIMES = 4;

const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

// The days from today on, as local midnights.
function coming() {
  const now = new Date();
  return Array.from({ length: DAYS + 1 }, (_, i) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + i));
}

const dayOf = (at) => new Date(at).setHours(0, 0, 0, 0);

export function Calendar() {
  const jobs = useRead("job.list");
  const firings = useRead("job.simulate", { days: DAYS, limit: FIRINGS });
  const history = useRead("job.history", { limit: 200 });
  const reload = () => Promise.all([jobs.reload(), firings.reload(), history.reload()]);
  return (
    <div class="stack">
      <Title>Calendar</Title>
      <Loaded of={jobs}>{(list) => list.length === 0
        ? <Empty title="No app does anything by itself">An app that may wake by itself says so in its manifest; what it will do when stands here.</Empty>
        : <>
            <Loaded of={firings}>{(all) => <Week firings={all} />}</Loaded>
            <Jobs list={list} reload={reload} />
          </>}
      </Loaded>
      <Loaded of={history}>{(list) => <Missed list={list.filter(({ state }) => state === "missed")} />}</Loaded>
    </div>
  );
}

// ---- the week ----

function Week({ firings }) {
  const [chosen, choose] = useState(null); // { day, hour }
  const days = coming();
  const within = (day, hour) => ({ at }) => dayOf(at) === +day && (hour === undefined || new Date(at).getHours() === hour);
  const shown = chosen ? firings.filter(within(chosen.day, chosen.hour)) : firings;
  const most = Math.max(1, ...days.flatMap((day) => hours.map((hour) => firings.filter(within(day, hour)).length)));
  return (
    <Section title="The next seven days">
      <Plot days={days} firings={firings} within={within} most={most} chosen={chosen} choose={choose} />
      {chosen && <div class="row between"><strong>{longDay.format(chosen.day)}, {chosen.hour}:00 to {chosen.hour}:59</strong>
        <button class="button small quiet" type="button" onClick={() => choose(null)}>The whole week</button></div>}
      <Agenda days={days} firings={shown} />
      {firings.length === FIRINGS && <p class="hint">Only the first {FIRINGS.toLocaleString()} are shown.</p>}
    </Section>
  );
}

const hours = Array.from({ length: 24 }, (_, hour) => hour);

function Plot({ days, firings, within, most, chosen, choose }) {
  return (
    <table class="plot">
      <caption class="unseen">How often something happens in each hour</caption>
      <thead><tr><td />{hours.map((hour) => <th scope="col" key={hour}>{hour % 6 === 0 ? hour : <span class="unseen">{hour}</span>}</th>)}</tr></thead>
      <tbody>{days.map((day) => (
        <tr key={+day}><th scope="row">{weekday.format(day)}</th>{hours.map((hour) => {
          const there = firings.filter(within(day, hour));
          const words = [...new Set(there.map(({ app, name }) => `${name} of ${app}`))].join(", ");
          const on = chosen && +chosen.day === +day && chosen.hour === hour;
          return <td key={hour}>{there.length > 0 && (
            <button type="button" aria-pressed={on ? "true" : "false"} title={`${hour}:00, ${there.length} times: ${words}`} style={{ "--part": there.length / most }}
              aria-label={`${weekday.format(day)}, ${hour} o’clock: ${there.length} times, ${words}`} onClick={() => choose(on ? null : { day, hour })} />)}</td>;
        })}</tr>
      ))}</tbody>
    </table>
  );
}

// Each job once a day: its times, or how many where they are many.
function Agenda({ days, firings }) {
  return days.map((day) => {
    const jobs = new Map();
    for (const { at, app, name } of firings.filter((one) => dayOf(one.at) === +day)) {
      const key = `${app}/${name}`;
      jobs.set(key, { app, name, times: [...(jobs.get(key)?.times ?? []), at] });
    }
    return jobs.size > 0 && (
      <div key={+day}><h3>{longDay.format(day)}</h3>
        <ul class="agenda">{[...jobs.values()].map(({ app, name, times }) => (
          <li key={`${app}/${name}`}><span class="soft">{times.length > TIMES
            ? `${times.length} times, ${clock.format(times[0])} to ${clock.format(times.at(-1))}` : times.map((at) => clock.format(at)).join(", ")}</span>
            <span><strong>{name}</strong> <a href={`/apps/${app}`}>{app}</a></span></li>
        ))}</ul></div>
    );
  });
}

// ---- the jobs ----

const reasons = {
  disabled: "The app is off.",
  permission: "The app may not wake by itself any more.",
  suspended: "The app is paused after failures.",
  overlap: "Its last run was not over.",
  paused: "You let it rest.",
};

const states = { running: <span class="badge">Running</span>, paused: <span class="badge grey">Paused</span> };

function Jobs({ list, reload }) {
  const { busy, problem, run } = useDeed();
  const now = (app, job) => run(async () => go(`/runs/${(await write("job.run", { app, job })).run}`));
  const set = (operation, app, job) => run(async () => { await write(operation, { app, job }); await reload(); });
  return (
    <Section title={list.length === 1 ? "One job" : `${list.length} jobs`}>
      {problem && <Trouble problem={problem} />}
      <ul class="plain jobs">{list.map(({ app, name, schedule, zone, state, next, last, last_state: ended, missed, reason }) => (
        <li class="line" key={`${app}/${name}`}>
          <span><strong>{name}</strong> <a href={`/apps/${app}`}>{app}</a> {states[state]}
            <span class="soft small"><code>{schedule}</code>{zone && ` in ${zone}`}</span>
            <span class="soft small">{next ? <>next <Moment at={next} /></> : "rests"}{last > 0 && <> · last <Moment at={last} />{ended && ` (${ended})`}</>}
              {missed > 0 && ` · missed ${missed === 1 ? "once" : `${missed} times`}`}</span>
            {reason && <span class="small failure">{reasons[reason] ?? reason}</span>}</span>
          <span class="row">
            <button class="button small quiet" type="button" disabled={busy} onClick={() => now(app, name)}>Run now</button>
            {state === "paused"
              ? <button class="button small quiet" type="button" disabled={busy} onClick={() => set("job.resume", app, name)}>Go on</button>
              : <button class="button small quiet" type="button" disabled={busy} onClick={() => set("job.pause", app, name)}>Pause</button>}
          </span>
        </li>
      ))}</ul>
    </Section>
  );
}

function Missed({ list }) {
  return list.length > 0 && (
    <Section title="What did not happen">
      <ul class="agenda">{list.map(({ app, name, due, until, times, reason }, i) => (
        <li key={i}><span class="soft"><Moment at={due} />{times > 1 && <> and {times - 1} more, over {duration(until - due)}</>}</span>
          <span><strong>{name}</strong> {app && <a href={`/apps/${app}`}>{app}</a>}<span class="small soft">{reasons[reason] ?? reason}</span></span></li>
      ))}</ul>
    </Section>
  );
}
