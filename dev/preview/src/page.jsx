// One dashboard, drawn from the JSON in the view's XML, untouched, by Splunk's packages.
import { settings } from './settings';
import { createRoot } from 'react-dom/client';
import { DashboardContextProvider } from '@splunk/dashboard-context';
import DashboardCore from '@splunk/dashboard-core';
import { createSchemaBasedOnPresets } from '@splunk/dashboard-definition';
import EnterpriseViewOnlyPreset from '@splunk/dashboard-presets/EnterpriseViewOnlyPreset';
import { mapURLToTokens } from '@splunk/dashboard-utils';
import SplunkThemeProvider from '@splunk/themes/SplunkThemeProvider';

function Page() {
    return (
        <SplunkThemeProvider family="enterprise" colorScheme={settings.theme} density="comfortable">
            <DashboardContextProvider
                preset={EnterpriseViewOnlyPreset}
                initialDefinition={settings.definition}
                initialMode="view"
                dataSourceContext={{ owner: 'admin', app: settings.app }}
                initialTokenBinding={mapURLToTokens({ search: window.location.search })}
                timezone={{ ianaTimezone: 'UTC' }}
            >
                <DashboardCore width="100%" height="auto" />
            </DashboardContextProvider>
        </SplunkThemeProvider>
    );
}

createRoot(document.getElementById('dashboard')).render(<Page />);

// Splunk's JSON schema of a definition exists only here, made of the presets: `make test-browser` takes it from here.
window.definitionSchema = () => createSchemaBasedOnPresets(EnterpriseViewOnlyPreset);
