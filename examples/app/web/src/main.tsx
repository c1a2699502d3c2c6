import './mantine';
import './styles.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { I18nProvider } from './i18n';
import { createQueryClient } from './queries';
import { followToken } from './session';
import { cssVariables, theme } from './theme';

followToken();

const queryClient = createQueryClient();
const root = document.getElementById('root');

if (root !== null) {
	createRoot(root).render(
		<StrictMode>
			<MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
				<QueryClientProvider client={queryClient}>
					<I18nProvider>
						<App />
						<Notifications position="bottom-right" limit={4} autoClose={10_000} />
					</I18nProvider>
				</QueryClientProvider>
			</MantineProvider>
		</StrictMode>,
	);
}
