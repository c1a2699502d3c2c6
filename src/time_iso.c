/*-------------------------------------------------------------------------
 *
 * time_iso.c
 *	  Reading and writing ISO 8601 times in UTC.
 *
 * PostgreSQL's own input and output functions follow DateStyle and TimeZone, and accept words
 * such as 'now'.  A stored time must mean the same to everybody, so this file reads and writes
 * one format only.  It is pure: it keeps no state, allocates nothing and never raises an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "time_iso.h"

#define DAYS_PER_ERA		146097	/* 400 Gregorian years */
#define EPOCH_DAY			730425	/* 2000-01-01, counted from 0000-03-01 */
#define MAX_EVENT_YEAR		9999	/* the last with four digits */
#define MAX_OFFSET_HOURS	15		/* as PostgreSQL's MAX_TZDISP_HOUR */

#define FRACTION_DIGITS		6		/* of a second, down to the microsecond */

/* The fields of a date and time in ISO 8601 */
typedef struct IsoFields
{
	int64		year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			second;
	int			usec;
} IsoFields;

/* The rest of the input */
typedef struct IsoInput
{
	const char *at;
	const char *end;
} IsoInput;

static bool read_event_form(const char *str, IsoFields *f);
static inline int two_digits(const char *str, bool *bad);
static bool read_date(IsoInput *in, IsoFields *f);
static bool is_date(const IsoFields *f);
static bool read_clock(IsoInput *in, IsoFields *f);
static bool read_fraction(IsoInput *in, IsoFields *f);
static bool read_zone(IsoInput *in, int64 *offset);
static bool read_number(IsoInput *in, int digits, int *value);
static bool skip_char(IsoInput *in, char c);
static int	days_in_month(int year, int month);
static Timestamp time_from_fields(const IsoFields *f);
static void fields_from_time(Timestamp time, IsoFields *f);
static char *put_number(char *at, int value, int digits);
static char *put_date_and_clock(char *at, const IsoFields *f);

/*
 * iso_time_parse reads "YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]][Z|+-HH[[:]MM]]]",
 * not terminated by a NUL.
 *
 * A time without a zone is UTC.  Digits beyond microseconds are rounded.
 * Returns false for anything else, including a day that does not exist.
 */
bool
iso_time_parse(const char *str, int len, Timestamp *time)
{
	IsoInput	in = {str, str + len};
	IsoFields	f;
	int64		offset = 0;

	if (len == ISO_EVENT_TIME_LEN && read_event_form(str, &f))
	{
		*time = time_from_fields(&f);
		return true;
	}
	memset(&f, 0, sizeof(f));
	if (!read_date(&in, &f))
		return false;
	if (in.at < in.end)
	{
		if (!skip_char(&in, 'T') && !skip_char(&in, 't') && !skip_char(&in, ' '))
			return false;
		if (!read_clock(&in, &f) || !read_zone(&in, &offset) || in.at != in.end)
			return false;
	}

	*time = time_from_fields(&f) - offset;
	return true;
}

/*
 * iso_time_event writes the ISO_EVENT_TIME_LEN characters of a stored event's
 * time, without a terminator.
 *
 * Returns false if the time has no such form because it is infinite or its year
 * does not have four digits.
 */
bool
iso_time_event(Timestamp time, char *buf)
{
	IsoFields	f;

	if (TIMESTAMP_NOT_FINITE(time))
		return false;
	fields_from_time(time, &f);
	if (f.year < 1 || f.year > MAX_EVENT_YEAR)
		return false;
	buf = put_date_and_clock(buf, &f);
	*buf++ = '.';
	put_number(buf, f.usec, FRACTION_DIGITS);
	return true;
}

/*
 * iso_time_answer writes a time as answers show it, terminated by a NUL, and
 * returns its length: with a Z, and with six digits where there is a fraction.
 *
 * As to_jsonb does, it writes infinity as a word and marks a year before our
 * era with " BC".
 */
int
iso_time_answer(Timestamp time, char *buf)
{
	IsoFields	f;
	char	   *at = buf;
	bool		bc;

	if (TIMESTAMP_NOT_FINITE(time))
		return sprintf(buf, "%s", TIMESTAMP_IS_NOBEGIN(time) ? "-infinity" : "infinity");

	fields_from_time(time, &f);
	bc = f.year < 1;
	if (bc)
		f.year = 1 - f.year;
	at = put_date_and_clock(at, &f);
	if (f.usec != 0)
	{
		*at++ = '.';
		at = put_number(at, f.usec, FRACTION_DIGITS);
	}
	*at++ = 'Z';
	*at = '\0';
	if (bc)
		at += sprintf(at, " BC");
	return at - buf;
}

/*
 * read_event_form reads the form in which events are stored, without branches per
 * digit, because logs can be long; false for any other form.
 */
static bool
read_event_form(const char *str, IsoFields *f)
{
	bool		bad = str[4] != '-' || str[7] != '-' || str[10] != 'T' ||
		str[13] != ':' || str[16] != ':' || str[19] != '.';

	f->year = two_digits(str, &bad) * 100 + two_digits(str + 2, &bad);
	f->month = two_digits(str + 5, &bad);
	f->day = two_digits(str + 8, &bad);
	f->hour = two_digits(str + 11, &bad);
	f->minute = two_digits(str + 14, &bad);
	f->second = two_digits(str + 17, &bad);
	f->usec = two_digits(str + 20, &bad) * 10000 + two_digits(str + 22, &bad) * 100 +
		two_digits(str + 24, &bad);
	/* rare forms, such as a leap second, are left to the general reader */
	return !bad && is_date(f) && f->hour < HOURS_PER_DAY && f->minute < MINS_PER_HOUR &&
		f->second < SECS_PER_MINUTE;
}

static inline int
two_digits(const char *str, bool *bad)
{
	unsigned int tens = (unsigned char) str[0] - '0';
	unsigned int ones = (unsigned char) str[1] - '0';

	*bad |= (tens > 9) | (ones > 9);
	return tens * 10 + ones;
}

/* read_date reads YYYY-MM-DD. */
static bool
read_date(IsoInput *in, IsoFields *f)
{
	int			year;

	if (!read_number(in, 4, &year) || !skip_char(in, '-') ||
		!read_number(in, 2, &f->month) || !skip_char(in, '-') ||
		!read_number(in, 2, &f->day))
		return false;
	f->year = year;
	return is_date(f);
}

/* is_date: does the day exist? */
static bool
is_date(const IsoFields *f)
{
	return f->year >= 1 && f->month >= 1 && f->month <= MONTHS_PER_YEAR &&
		f->day >= 1 && f->day <= days_in_month(f->year, f->month);
}

/* read_clock reads HH:MM[:SS[.fraction]]; 24:00 is the end of the day. */
static bool
read_clock(IsoInput *in, IsoFields *f)
{
	if (!read_number(in, 2, &f->hour) || !skip_char(in, ':') ||
		!read_number(in, 2, &f->minute))
		return false;
	if (skip_char(in, ':') &&
		(!read_number(in, 2, &f->second) || !read_fraction(in, f)))
		return false;
	if (f->hour == HOURS_PER_DAY)
		return f->minute == 0 && f->second == 0 && f->usec == 0;
	/* second 60 is a leap second: the first of the next minute */
	return f->hour < HOURS_PER_DAY && f->minute < MINS_PER_HOUR &&
		f->second <= SECS_PER_MINUTE;
}

/* read_fraction reads what may follow the seconds: a dot or comma and digits. */
static bool
read_fraction(IsoInput *in, IsoFields *f)
{
	int			weight = USECS_PER_SEC / 10;
	bool		round_up = false;
	const char *first;

	if (!skip_char(in, '.') && !skip_char(in, ','))
		return true;
	for (first = in->at; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++)
	{
		if (in->at - first == FRACTION_DIGITS)
			round_up = *in->at >= '5';
		f->usec += (*in->at - '0') * weight;
		weight /= 10;
	}
	f->usec += round_up;
	return in->at > first;
}

/* read_zone reads what may follow the clock; *offset is microseconds east. */
static bool
read_zone(IsoInput *in, int64 *offset)
{
	int			hours;
	int			minutes = 0;
	bool		west;

	if (in->at == in->end || skip_char(in, 'Z') || skip_char(in, 'z'))
		return true;
	west = *in->at == '-';
	if (!skip_char(in, '+') && !skip_char(in, '-'))
		return false;
	if (!read_number(in, 2, &hours))
		return false;
	if (in->at < in->end)
	{
		(void) skip_char(in, ':');
		if (!read_number(in, 2, &minutes))
			return false;
	}
	*offset = hours * USECS_PER_HOUR + minutes * USECS_PER_MINUTE;
	if (west)
		*offset = -*offset;
	return hours <= MAX_OFFSET_HOURS && minutes < MINS_PER_HOUR;
}

/* read_number reads exactly so many digits. */
static bool
read_number(IsoInput *in, int digits, int *value)
{
	int			result = 0;

	if (in->end - in->at < digits)
		return false;
	for (; digits > 0; digits--, in->at++)
	{
		if (*in->at < '0' || *in->at > '9')
			return false;
		result = result * 10 + (*in->at - '0');
	}
	*value = result;
	return true;
}

static bool
skip_char(IsoInput *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/*
 * time_from_fields converts fields that were read: a year of 1 to 9999, which
 * can neither overflow nor leave the range of timestamp.
 *
 * The days since 0000-03-01 in the proleptic Gregorian calendar and their inverse
 * in fields_from_time are after Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms": a year that begins in March has its leap day at the end.
 */
static Timestamp
time_from_fields(const IsoFields *f)
{
	unsigned int year = f->month <= 2 ? f->year - 1 : f->year;
	unsigned int march_month = f->month > 2 ? f->month - 3 : f->month + 9;
	unsigned int day_of_year = (153 * march_month + 2) / 5 + f->day - 1;
	int			days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year;

	return (days - EPOCH_DAY) * USECS_PER_DAY +
		f->hour * USECS_PER_HOUR + f->minute * USECS_PER_MINUTE +
		f->second * USECS_PER_SEC + f->usec;
}

/* fields_from_time splits a finite time; year 0 is 1 BC. */
static void
fields_from_time(Timestamp time, IsoFields *f)
{
	int64		days = time / USECS_PER_DAY;
	int64		usec = time % USECS_PER_DAY;
	int64		era;
	int64		day_of_era;
	int64		year_of_era;
	int64		day_of_year;
	int64		march_month;

	if (usec < 0)
	{
		usec += USECS_PER_DAY;
		days--;
	}
	days += EPOCH_DAY;
	era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	day_of_era = days - era * DAYS_PER_ERA;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
				   day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	march_month = (5 * day_of_year + 2) / 153;

	f->day = day_of_year - (153 * march_month + 2) / 5 + 1;
	f->month = march_month < 10 ? march_month + 3 : march_month - 9;
	f->year = year_of_era + era * 400 + (f->month <= 2);
	f->hour = usec / USECS_PER_HOUR;
	f->minute = usec / USECS_PER_MINUTE % MINS_PER_HOUR;
	f->second = usec / USECS_PER_SEC % SECS_PER_MINUTE;
	f->usec = usec % USECS_PER_SEC;
}

/* put_number writes a number with leading zeros and returns where it ends. */
static char *
put_number(char *at, int value, int digits)
{
	int			i;

	for (i = digits - 1; i >= 0; i--)
	{
		at[i] = '0' + value % 10;
		value /= 10;
	}
	return at + digits;
}

/* put_date_and_clock writes YYYY-MM-DDTHH:MM:SS and returns where it ends. */
static char *
put_date_and_clock(char *at, const IsoFields *f)
{
	int			digits = 4;
	int64		year;

	for (year = f->year; year > MAX_EVENT_YEAR; year /= 10)
		digits++;
	at = put_number(at, f->year, digits);
	*at++ = '-';
	at = put_number(at, f->month, 2);
	*at++ = '-';
	at = put_number(at, f->day, 2);
	*at++ = 'T';
	at = put_number(at, f->hour, 2);
	*at++ = ':';
	at = put_number(at, f->minute, 2);
	*at++ = ':';
	return put_number(at, f->second, 2);
}
