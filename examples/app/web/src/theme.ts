import { createTheme, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
	primaryColor: 'indigo',
	colors: {
		dark: ['#d5d9e2', '#b4bac7', '#9aa1ae', '#6c7485', '#3d4350', '#31353f', '#262a33', '#1d2027', '#171a20', '#14161b'],
	},
	primaryShade: { light: 8, dark: 8 },
	defaultRadius: 'md',
	fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
	headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.6rem' }, h2: { fontSize: '1.05rem' } } },
	cursorType: 'pointer',
	respectReducedMotion: true,
});

/** The colours of charts, which a canvas cannot take from style sheets, and of our own style sheet. */
export const palette = {
	light: {
		surface: '#ffffff', border: '#e3e6ee', grid: '#e3e6ee', axis: '#5b6472', strong: '#3a4150',
		bar: '#4c5fd7', good: '#0b7a5c', bad: '#c92a2a', neutral: '#6b7280',
	},
	dark: {
		surface: '#1d2027', border: '#31353f', grid: '#31353f', axis: '#a4abb8', strong: '#d5d9e2',
		bar: '#8595ff', good: '#38d9a9', bad: '#ff8787', neutral: '#9aa1ae',
	},
};

export type Palette = (typeof palette)['light'];

const variables = (colors: Palette) => Object.fromEntries(Object.entries(colors).map(([name, color]) => [`--app-${name}`, color]));

/** Mantine's dimmed text is paler than WCAG's 4.5 : 1 allows. */
export const cssVariables: CSSVariablesResolver = () => ({
	variables: {},
	light: {
		'--mantine-color-body': '#f7f8fb',
		'--mantine-color-dimmed': '#5b6472',
		'--mantine-color-placeholder': '#6b7280',
		...variables(palette.light),
	},
	dark: {
		'--mantine-color-body': '#14161b',
		'--mantine-color-dimmed': '#a4abb8',
		'--mantine-color-placeholder': '#9aa1ae',
		...variables(palette.dark),
	},
});
