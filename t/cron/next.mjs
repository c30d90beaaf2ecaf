// The same as next.c from croner and from cron-parser: a line of each for every line, "?" where one of them refuses.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const from = createRequire(process.argv[2] + "/");
const { Cron } = from("croner");
const { CronExpressionParser } = from("cron-parser");

function croner(count, after, timezone, schedule) {
	const all = [], cron = new Cron(schedule, { timezone, mode: "5-part" });
	for (let at = new Date(after); all.length < count && (at = cron.nextRun(at)); ) all.push(at.getTime());
	return all;
}

function parser(count, after, tz, schedule) {
	const all = [], cron = CronExpressionParser.parse(schedule, { currentDate: new Date(after), tz });
	while (all.length < count) all.push(cron.next().getTime());
	return all;
}

for await (const line of createInterface({ input: process.stdin })) {
	const [count, after, zone, ...schedule] = line.split(" ");
	for (const tell of [croner, parser]) {
		try {
			console.log(tell(+count, +after, zone, schedule.join(" ")).join(" "));
		} catch {
			console.log("?");
		}
	}
}
