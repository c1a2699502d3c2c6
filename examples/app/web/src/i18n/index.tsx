/** Texts, numbers and dates in the reader's language. */

import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ApiError } from '../api';
import { de } from './de';
import { en, type Texts } from './en';

const languages = { en, de };
export type Language = keyof typeof languages;
export const languageNames: Record<Language, string> = { en: 'English', de: 'Deutsch' };

type Key = keyof Texts;
type Plural<K> = K extends `${infer Base}_one` ? Base : never;
export type TextKey = Key | Plural<Key>;

const STORED = 'asset-reuse-language';
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
	['year', 31_557_600],
	['month', 2_629_800],
	['week', 604_800],
	['day', 86_400],
	['hour', 3_600],
	['minute', 60],
];

export type I18n = ReturnType<typeof createI18n>;

export function createI18n(language: Language) {
	const texts: Record<string, string> = languages[language];
	const plural = new Intl.PluralRules(language);
	const whole = new Intl.NumberFormat(language);
	const decimal = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
	const change = new Intl.NumberFormat(language, { style: 'percent', signDisplay: 'exceptZero', maximumFractionDigits: 0 });
	const percent = new Intl.NumberFormat(language, { style: 'percent', minimumFractionDigits: 2, maximumFractionDigits: 2 });
	const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
	const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });

	function t(key: TextKey, values: Record<string, string | number> = {}) {
		const form = typeof values.n === 'number' ? `${key}_${plural.select(values.n)}` : key;
		return (texts[form] ?? texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => {
			const value = values[name] ?? '';
			return typeof value === 'number' ? whole.format(value) : value;
		});
	}

	/** The text for a name that the database chose; a name we have no text for is shown as it is. */
	function named(kind: 'assetType' | 'platform' | 'place' | 'verdict', name: string | null | undefined) {
		return name == null ? '–' : (texts[`${kind}_${name}`] ?? name.replaceAll('_', ' '));
	}

	function ago(time: string) {
		const seconds = (Date.parse(time) - Date.now()) / 1000;
		for (const [unit, length] of UNITS) {
			if (Math.abs(seconds) >= length) {
				return relative.format(Math.trunc(seconds / length), unit);
			}
		}
		return relative.format(0, 'second');
	}

	return {
		language,
		t,
		named,
		ago,
		number: (value: number | null | undefined) => (value == null ? '–' : whole.format(value)),
		decimal: (value: number | null | undefined) => (value == null ? '–' : decimal.format(value)),
		/** Of a number that is a percentage already. */
		percent: (value: number | null | undefined) => (value == null ? '–' : percent.format(value / 100)),
		/** Of a ratio: 1.11 is +11 %. */
		change: (ratio: number) => change.format(ratio - 1),
		dateTime: (time: string) => dateTime.format(new Date(time)),
		date: (time: string, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options).format(new Date(time)),
		error: (error: unknown) => {
			if (!(error instanceof ApiError)) {
				return texts.error_internal ?? '';
			}
			return error.code === 'invalid' ? error.message : (texts[`error_${error.code}`] ?? texts.error_internal ?? '');
		},
	};
}

const Context = createContext<{ i18n: I18n; setLanguage: (language: Language) => void } | null>(null);

function firstLanguage(): Language {
	const wanted = localStorage.getItem(STORED) ?? navigator.language;
	return wanted.startsWith('de') ? 'de' : 'en';
}

export function I18nProvider({ children }: { children: ReactNode }) {
	const [language, setLanguage] = useState(firstLanguage);
	const value = useMemo(() => ({
		i18n: createI18n(language),
		setLanguage: (chosen: Language) => {
			localStorage.setItem(STORED, chosen);
			setLanguage(chosen);
		},
	}), [language]);

	useEffect(() => {
		document.documentElement.lang = language;
	}, [language]);

	return <Context value={value}>{children}</Context>;
}

function useI18nContext() {
	const value = useContext(Context);
	if (value === null) {
		throw new Error('there is no I18nProvider');
	}
	return value;
}

export const useI18n = () => useI18nContext().i18n;
export const useSetLanguage = () => useI18nContext().setLanguage;
