// Validates a definition with Splunk's own validator. Usage: node validate.js <folder with node_modules>, with
// {"schema": …, "definition": …} on standard input; prints the errors as a JSON list.
const path = require('path');
const { createRequire } = require('module');

const here = createRequire(path.join(process.argv[2], 'package.json'));
const { DashboardValidator } = here('@splunk/dashboard-validation');
console.warn = () => {}; // Ajv's remarks on the schema itself

const { schema, definition } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
// The schema wants tabs; a layout without them is one tab, as Splunk itself migrates it.
const { globalInputs, ...rest } = definition.layout;
const tabbed = {
    ...definition,
    layout: {
        ...(globalInputs ? { globalInputs } : {}),
        tabs: { items: [{ layoutId: 'layout_1', label: '' }] },
        layoutDefinitions: { layout_1: rest },
    },
};
const validator = new DashboardValidator();
const failed = validator.setSchema(schema);
if (failed) throw failed;
console.log(JSON.stringify(validator.validate(tabbed) || []));
