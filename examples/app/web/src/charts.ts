/** The parts of Chart.js that the pages use, and what all their charts have in common. */

import { useComputedColorScheme } from '@mantine/core';
import {
	BarController, BarElement, CategoryScale, Chart, LinearScale, LineController, LineElement, PointElement, Tooltip,
} from 'chart.js';
import { palette } from './theme';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, LineController, LineElement, PointElement, Tooltip);
Chart.defaults.font.family = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
Chart.defaults.maintainAspectRatio = false;

if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) {
	Chart.defaults.animation = false;
}

export const usePalette = () => palette[useComputedColorScheme('light')];
