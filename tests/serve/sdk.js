// The unmodified splunk-sdk for JavaScript against a server: node sdk.js <node_modules> <port> <password>
// Prints what it saw, as JSON; test_javascript_sdk.py compares.
"use strict";

const [folder, port, password] = process.argv.slice(2);
const splunkjs = require(`${folder}/splunk-sdk`);

const THREE = "| makeresults count=3 | streamstats count as n | table n";
const settings = { scheme: "https", host: "127.0.0.1", port, username: "admin", password, version: "default" };

async function refused(promise) {
    try {
        await promise;
    } catch (error) {
        return error.status;
    }
    return "not refused";
}

async function main() {
    const seen = {};
    const wrong = new splunkjs.Service({ ...settings, password: "wrong" });
    seen.wrongPassword = await refused(wrong.login());

    const service = new splunkjs.Service({ ...settings, owner: "nobody", app: "search" });
    seen.login = await service.login();
    seen.product = (await service.serverInfo()).properties().product_type;
    seen.user = (await service.currentUser()).name;

    seen.oneshot = (await service.oneshotSearch(THREE, {})).rows;
    seen.badSearch = await refused(service.oneshotSearch("| nosuchcommand", {}));
    const job = await service.search(THREE, { exec_mode: "normal" });
    await new Promise((done, failed) => job.track({ period: 100 }, { done, failed, error: failed }));
    seen.count = job.properties().resultCount;
    seen.page = (await job.results({ count: 2, offset: 1 }))[0].rows;
    seen.preview = (await job.preview({}))[0].rows.length;
    seen.searchlog = String(await job.searchlog()).includes("makeresults");
    seen.jobs = (await service.jobs().fetch()).list().some((one) => one.sid === job.sid);
    await job.setTTL(77);
    await job.touch();
    seen.ttl = (await job.fetch()).properties().ttl;
    await job.cancel();
    seen.cancelled = await refused(job.fetch());

    const searches = service.savedSearches();
    await searches.create({ name: "from js", search: THREE });
    const saved = (await searches.fetch()).item("from js");
    await saved.update({ search: "| makeresults", description: "changed" });
    await saved.disable();
    seen.disabled = await refused(saved.dispatch({}));
    await saved.enable();
    const [dispatched] = await saved.dispatch({ "dispatch.earliest_time": "-1h" });
    await new Promise((done, failed) => dispatched.track({ period: 100 }, { done, failed, error: failed }));
    seen.dispatched = dispatched.properties().resultCount;
    seen.history = (await saved.history())[0].length;
    await saved.suppressInfo(); // which gives undefined, since it takes the list of entries for one
    seen.suppressed = (await service.get("saved/searches/from%20js/suppress", {})).data.entry[0].content.suppressed;
    seen.description = (await saved.fetch()).properties().description;
    await saved.remove();
    seen.removed = (await searches.fetch()).item("from js") === null;

    const index = await service.indexes().create("from_js", {});
    const [event] = await index.submitEvent("hello from js", { sourcetype: "js", source: "s", host: "h" });
    seen.event = event;
    const find = "search index=from_js | table _raw host source sourcetype";
    seen.found = (await service.oneshotSearch(find, {})).rows;
    seen.logged = (await service.log("hello again", { index: "from_js" })).bytes;

    const files = await service.configurations({ owner: "nobody", app: "search" }).fetch();
    const macros = await files.item("macros").fetch();
    await macros.create("from_js", { definition: "eval a=1" });
    seen.macro = (await service.oneshotSearch("| makeresults | `from_js` | table a", {})).rows;

    seen.apps = (await service.apps().fetch()).list().some((one) => one.name === "search");
    seen.users = (await service.users().fetch()).list().map((one) => one.name);
    seen.parsed = (await service.parse("search a | stats count")).commands.map((one) => one.command);
    const model = (await service.dataModels().fetch()).item("Endpoint");
    seen.model = model.objectByName("Processes") !== null;

    const documents = "storage/collections/data/from_js";
    await service.post("storage/collections/config", { name: "from_js" });
    const json = { "Content-Type": "application/json" };
    await service.request(documents, "POST", {}, {}, JSON.stringify({ _key: "k", a: 1 }), json);
    seen.document = (await service.get(`${documents}/k`, {})).data;
    await service.del(`${documents}/k`, {});
    seen.documents = (await service.get(documents, {})).data;
    return seen;
}

main().then(
    (seen) => console.log(JSON.stringify(seen)),
    (error) => {
        console.error(error instanceof Error ? error.stack : JSON.stringify(error));
        process.exitCode = 1;
    },
);
