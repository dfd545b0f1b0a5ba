// Bundles the page. Usage: npm run build, which `replay preview` calls when the bundle is missing or older than its sources.
const path = require('path');
const esbuild = require('esbuild');

esbuild
    .build({
        entryPoints: [path.join(__dirname, 'src', 'page.jsx')],
        outfile: path.join(__dirname, 'dist', 'page.js'),
        bundle: true,
        minify: true,
        platform: 'browser',
        target: 'chrome110',
        jsx: 'automatic',
        define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
        loader: { '.svg': 'dataurl', '.png': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' },
        legalComments: 'none',
        logLevel: 'warning',
    })
    .catch(() => process.exit(1));
