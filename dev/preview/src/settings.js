// What the server says of the page, and what Splunk's packages expect to find in `window` before they are loaded.
export const settings = JSON.parse(document.getElementById('settings').textContent);

window.$C = {
    SPLUNKD_PATH: settings.splunkd,
    LOCALE: 'en-US',
    // Without it the time input takes the whole dashboard down. This is UTC.
    SERVER_ZONEINFO: '### SERIALIZED TIMEZONE FORMAT 1.0;Y0 NW 55 54 43;$',
};
