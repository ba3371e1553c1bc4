// Pings an engine's API on one kept connection until stdin ends, then prints the latencies in ms as JSON. A process of
// its own, so that nothing but the engine and the machine delays a ping.
const [socket = ''] = process.argv.slice(2);
const latencies: number[] = [];
let running = true;
void (async () => {
	for await (const _ of Bun.stdin.stream());
	running = false;
})();
while (running) {
	const before = performance.now();
	await (await fetch('http://localhost/_ping', { unix: socket })).text();
	latencies.push(performance.now() - before);
	await Bun.sleep(2);
}
console.log(JSON.stringify(latencies));
