import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries';
import { App } from './shell/app';
import { installServicePalette } from './theme/theme';
import 'uplot/dist/uPlot.min.css';
import './theme/tokens.css';
import './theme/service_marks.css';
import './shell/shell.css';
import './search/search.css';
import './trace/trace.css';
import './services/services.css';

installServicePalette();
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
