/*-------------------------------------------------------------------------
 *
 * plan_text.c
 *	  The text of a statement, from a template.
 *
 * A template is the statement as a person reads it.  What depends on the application's
 * tables stands in braces:
 *
 *		{assets} {spaces} {history}	a table's full name
 *		{fn:log_append}				the full name of asset_reuse_log_append
 *		{=} {>=} {->>}				an operator of PostgreSQL's own
 *		{live:a}					the condition on a live row of the tenant: of the assets a,
 *									with $tenant_id, or the campaigns s, with $space_tenant_id
 *		{columns:a}					the columns of assets, campaigns or the history that the request
 *									wants and the table has
 *		{doc:a}						the document of asset a
 *		{text:a.asset_name}			a column as text; null where the table has none such
 *		{label:a.asset_type}		a column of labels, as one is compared with it
 *		{id:a.id}					an identifier, in the type in which one is bound for it
 *		{uuid:a.campaign_space_id}	an identifier that is a text as the uuid that it spells; null if it is none
 *		{collation:a.id}			COLLATE ..., if the column has a collation
 *		{utc:h.reused_at}			an event's time as the timestamp in UTC, or the other way round
 *		{time}						the type of events' times
 *		{if x}...{else}...{end}		what is there only with x: a table (spaces), a table's column
 *									(assets.updated_at) or an optional parameter (start_date); or with
 *									tables whose rows Citus has on several nodes (sharded)
 *		{if not x}...{end}
 *		{other}						a piece that the statement's put_piece puts
 *
 * and $name is the parameter of that name.  The aliases are always a for assets, s for
 * campaigns and h for the history.
 *
 * All is in the memory context of the text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "plan_text.h"

/* Maximum length of a name in braces */
#define NAME_LEN			64

/* The characters that operators consist of */
#define OPERATOR_CHARS		"+-*/<>=~!@#%^&|?"

static const char *expand_braces(PlanText *text, const PlanRequest *request, const char *at);
static const char *expand_param(PlanText *text, const PlanRequest *request, const char *at);
static const char *read_braces(const char *at, char *name);
static const char *skip_block(const char *at, bool stop_at_else);
static bool is_true(const PlanRequest *request, const char *condition);
static int	find_param(const PlanRequest *request, const char *name);
static void expand_name(PlanText *text, const PlanRequest *request, const char *name);
static const AppTable *find_table(const PlanRequest *request, const char *name);
static const AppTable *table_of_alias(const PlanRequest *request, char alias);
static const AppColumn *find_column(const AppTable *table, const char *name);
static const AppColumn *column_of(const PlanRequest *request, const char *expression);
static void append_columns(PlanText *text, const PlanRequest *request, const char *alias);
static void append_label(PlanText *text, const PlanRequest *request, const char *expression);
static Oid	time_type(const PlanRequest *request);
static void append_live(PlanText *text, const PlanRequest *request, const char *alias);
static void append_text(PlanText *text, const PlanRequest *request, const char *expression);
static void append_id(PlanText *text, const PlanRequest *request, const char *expression);
static void append_collation(PlanText *text, const AppColumn *column);
static void append_utc(PlanText *text, const PlanRequest *request, const char *expression);

/* plan_add_value adds a parameter that has a value. */
void
plan_add_value(PlanRequest *request, const char *name, Oid type, Datum value)
{
	plan_add_nullable(request, name, type, value, false);
}

/* plan_add_nullable adds a parameter that may be null, but is always in the text. */
void
plan_add_nullable(PlanRequest *request, const char *name, Oid type, Datum value, bool isnull)
{
	Assert(request->nparams < PLAN_MAX_PARAMS);
	request->params[request->nparams++] = (PlanParam) {
		.name = name, .type = type, .value = value, .isnull = isnull
	};
}

/* plan_add_optional adds a parameter that {if name} tests for. */
void
plan_add_optional(PlanRequest *request, const char *name, Oid type, Datum value, bool isnull)
{
	plan_add_nullable(request, name, type, value, isnull);
	request->params[request->nparams - 1].optional = true;
}

/* plan_add_data adds a parameter that may be null and is of any size: it is read and not planned for. */
void
plan_add_data(PlanRequest *request, const char *name, Oid type, Datum value, bool isnull)
{
	plan_add_nullable(request, name, type, value, isnull);
	request->params[request->nparams - 1].data = true;
}

/* plan_expand appends the expansion of a template. */
void
plan_expand(PlanText *text, const PlanRequest *request, const char *template)
{
	const char *at = template;

	while (*at != '\0')
	{
		if (*at == '{')
			at = expand_braces(text, request, at);
		else if (*at == '$')
			at = expand_param(text, request, at);
		else
			appendStringInfoChar(&text->sql, *at++);
	}
}

/* plan_append_table appends a table's full name. */
void
plan_append_table(PlanText *text, const AppTable *table)
{
	appendStringInfoString(&text->sql, quote_qualified_identifier(table->schema, table->name));
}

/*
 * plan_append_function appends the full name of another function of ours: it is in
 * the schema of the calling one, whatever the search_path.
 */
void
plan_append_function(PlanText *text, const PlanRequest *request, const char *name)
{
	Oid			schema = get_func_namespace(request->caller);
	char	   *schema_name = OidIsValid(schema) ? get_namespace_name(schema) : NULL;

	if (schema_name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("the extension was dropped while one of its functions ran")));
	appendStringInfoString(&text->sql, quote_qualified_identifier(schema_name, name));
	text->functions = lappend(text->functions, pstrdup(name));
}

/*
 * plan_append_text appends a column's value as text.
 *
 * The owner of a type can create a cast from it, whose function would run with the
 * caller's rights.  So only PostgreSQL's own string types are cast, which removes the
 * padding of a char(n).  Other types, such as enums, are read by their output function.
 */
void
plan_append_text(PlanText *text, const AppColumn *column, const char *expression)
{
	if (app_type_is_own_string(column->type) || column->type == UUIDOID)
		appendStringInfo(&text->sql, "CAST(%s AS pg_catalog.text)", expression);
	else
		/* concat turns a null into an empty string */
		appendStringInfo(&text->sql, "CASE WHEN %s IS NOT NULL THEN pg_catalog.concat(%s) END",
						 expression, expression);
}

/* expand_braces expands a brace, and returns where the template continues. */
static const char *
expand_braces(PlanText *text, const PlanRequest *request, const char *at)
{
	char		name[NAME_LEN];
	const char *next = read_braces(at, name);

	if (strncmp(name, "if ", 3) == 0)
		return is_true(request, name + 3) ? next : skip_block(next, true);
	/* the part before an else was used */
	if (strcmp(name, "else") == 0)
		return skip_block(next, false);
	if (strcmp(name, "end") != 0)
		expand_name(text, request, name);
	return next;
}

/* read_braces reads the name in braces, and returns the position after them. */
static const char *
read_braces(const char *at, char *name)
{
	const char *end = strchr(at, '}');

	if (end == NULL || end - at > NAME_LEN)
		elog(ERROR, "malformed template: %s", at);
	memcpy(name, at + 1, end - at - 1);
	name[end - at - 1] = '\0';
	return end + 1;
}

/* skip_block returns the position after the end, or after the else, of the block that contains at. */
static const char *
skip_block(const char *at, bool stop_at_else)
{
	int			depth = 1;

	while (depth > 0)
	{
		char		name[NAME_LEN];

		at = strchr(at, '{');
		if (at == NULL)
			elog(ERROR, "template has a block without an end");
		at = read_braces(at, name);
		if (strncmp(name, "if ", 3) == 0)
			depth++;
		else if (strcmp(name, "end") == 0 ||
				 (depth == 1 && stop_at_else && strcmp(name, "else") == 0))
			depth--;
	}
	return at;
}

/* is_true: does a condition hold? */
static bool
is_true(const PlanRequest *request, const char *condition)
{
	const char *dot = strchr(condition, '.');
	const AppTable *table;

	if (strncmp(condition, "not ", 4) == 0)
		return !is_true(request, condition + 4);
	if (dot != NULL)
	{
		table = find_table(request, pnstrdup(condition, dot - condition));
		return table != NULL && find_column(table, dot + 1)->present;
	}
	if (strcmp(condition, "sharded") == 0)
		return plan_is_sharded(request);
	if (strcmp(condition, "spaces") == 0 || strcmp(condition, "history") == 0)
		return find_table(request, condition) != NULL;
	return !request->params[find_param(request, condition)].isnull;
}

/* plan_is_sharded: is a statement over a table whose rows Citus has on several nodes? */
bool
plan_is_sharded(const PlanRequest *request)
{
	int			role;

	for (role = 0; role < APP_NROLES; role++)
	{
		if (request->tables[role] != NULL && request->tables[role]->sharded)
			return true;
	}
	return false;
}

/* expand_param puts $n for $name. */
static const char *
expand_param(PlanText *text, const PlanRequest *request, const char *at)
{
	size_t		len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");

	appendStringInfo(&text->sql, "$%d", find_param(request, pnstrdup(at + 1, len)) + 1);
	return at + 1 + len;
}

/* find_param returns a parameter's number, from 0. */
static int
find_param(const PlanRequest *request, const char *name)
{
	int			i;

	for (i = 0; i < request->nparams; i++)
	{
		if (strcmp(request->params[i].name, name) == 0)
			return i;
	}
	elog(ERROR, "statement has no parameter \"%s\"", name);
}

/* expand_name appends the expansion of a name in braces. */
static void
expand_name(PlanText *text, const PlanRequest *request, const char *name)
{
	const AppTable *table = find_table(request, name);
	const char *colon = strchr(name, ':');
	const char *argument = colon ? colon + 1 : NULL;
	size_t		len = colon ? (size_t) (colon - name) : strlen(name);

#define KIND(kind) (argument != NULL && len == strlen(kind) && strncmp(name, kind, len) == 0)

	if (table != NULL)
		plan_append_table(text, table);
	else if (strspn(name, OPERATOR_CHARS) == strlen(name))
		appendStringInfo(&text->sql, "OPERATOR(pg_catalog.%s)", name);
	else if (KIND("fn"))
		plan_append_function(text, request, psprintf("asset_reuse_%s", argument));
	else if (strcmp(name, "time") == 0)
		appendStringInfoString(&text->sql, format_type_be_qualified(time_type(request)));
	else if (KIND("columns"))
		append_columns(text, request, argument);
	else if (KIND("live"))
		append_live(text, request, argument);
	else if (KIND("doc"))
		appendStringInfo(&text->sql, "CAST(%s.platform_metadata AS pg_catalog.jsonb)", argument);
	else if (KIND("text"))
		append_text(text, request, argument);
	else if (KIND("label"))
		append_label(text, request, argument);
	else if (KIND("id"))
		append_id(text, request, argument);
	else if (KIND("uuid"))
		plan_expand(text, request, psprintf("{fn:uuid_of}({text:%s}, CAST(NULL AS pg_catalog.text))", argument));
	else if (KIND("collation"))
		append_collation(text, column_of(request, argument));
	else if (KIND("utc"))
		append_utc(text, request, argument);
	else if (request->put_piece != NULL)
		request->put_piece(text, request, name);
	else
		elog(ERROR, "template has an unknown name \"%s\"", name);

#undef KIND
}

/* find_table returns the table for a name in braces; null if it is not a table's, or there is no such table. */
static const AppTable *
find_table(const PlanRequest *request, const char *name)
{
	if (strcmp(name, "assets") == 0)
		return request->tables[APP_ASSETS];
	if (strcmp(name, "spaces") == 0)
		return request->tables[APP_SPACES];
	if (strcmp(name, "history") == 0)
		return request->tables[APP_HISTORY];
	return NULL;
}

static const AppTable *
table_of_alias(const PlanRequest *request, char alias)
{
	return request->tables[alias == 'a' ? APP_ASSETS : alias == 's' ? APP_SPACES : APP_HISTORY];
}

static const AppColumn *
find_column(const AppTable *table, const char *name)
{
	int			column;

	for (column = 0; column < app_column_count(table->role); column++)
	{
		if (strcmp(app_column_name(table->role, column), name) == 0)
			return &table->columns[column];
	}
	elog(ERROR, "relation has no column \"%s\" that we know", name);
}

/* column_of returns the column that "alias.column" names. */
static const AppColumn *
column_of(const PlanRequest *request, const char *expression)
{
	return find_column(table_of_alias(request, expression[0]), strchr(expression, '.') + 1);
}

/* append_columns appends the columns that the request wants, in the order of app_row_read. */
static void
append_columns(PlanText *text, const PlanRequest *request, const char *alias)
{
	const AppTable *table = table_of_alias(request, alias[0]);
	const char *separator = "";
	int			column;

	for (column = 0; column < app_column_count(table->role); column++)
	{
		if ((request->columns[table->role] & ((uint32) 1 << column)) == 0 ||
			!table->columns[column].present)
			continue;
		appendStringInfo(&text->sql, "%s%s.%s", separator, alias,
						 app_column_name(table->role, column));
		separator = ", ";
	}
}

/*
 * append_label appends a column of labels as it is compared with one.
 *
 * An enum's operators do not accept a domain over it.  A string type that is not PostgreSQL's
 * own has its owner's operators, and is compared as text.
 */
static void
append_label(PlanText *text, const PlanRequest *request, const char *expression)
{
	const AppColumn *column = column_of(request, expression);

	if (!type_is_enum(column->type) && !app_type_is_own_string(column->type))
		append_text(text, request, expression);
	else
		appendStringInfo(&text->sql, column->is_domain && type_is_enum(column->type) ?
						 "CAST(%s AS %s)" : "%s", expression, format_type_be_qualified(column->type));
}

/* append_live appends the condition on a live row of the tenant. */
static void
append_live(PlanText *text, const PlanRequest *request, const char *alias)
{
	const AppTable *table = table_of_alias(request, alias[0]);

	plan_expand(text, request, psprintf("%s.tenant_id {=} $%s", alias,
										table->role == APP_ASSETS ? "tenant_id" : "space_tenant_id"));
	if (find_column(table, "deleted_at")->present)
		appendStringInfo(&text->sql, " AND %s.deleted_at IS NULL", alias);
}

/* append_text appends a column as text, or null if the table does not have it. */
static void
append_text(PlanText *text, const PlanRequest *request, const char *expression)
{
	const AppColumn *column = column_of(request, expression);

	if (column->present)
		plan_append_text(text, column, expression);
	else
		appendStringInfoString(&text->sql, "CAST(NULL AS pg_catalog.text)");
}

/* append_id appends an identifier in the type of parameters for it: text for a column of type name. */
static void
append_id(PlanText *text, const PlanRequest *request, const char *expression)
{
	appendStringInfo(&text->sql, column_of(request, expression)->type == NAMEOID ?
					 "CAST(%s AS pg_catalog.text)" : "%s", expression);
}

/* append_collation appends " COLLATE ...", so that an expression sorts as the column itself does. */
static void
append_collation(PlanText *text, const AppColumn *column)
{
	HeapTuple	tuple;
	Form_pg_collation form;

	if (!OidIsValid(column->collation))
		return;
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(column->collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", column->collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	appendStringInfo(&text->sql, " COLLATE %s",
					 quote_qualified_identifier(get_namespace_name(form->collnamespace),
												NameStr(form->collname)));
	ReleaseSysCache(tuple);
}

/* append_utc appends an event's time as a timestamp in UTC, or such a timestamp in the columns' type. */
static void
append_utc(PlanText *text, const PlanRequest *request, const char *expression)
{
	plan_expand(text, request, time_type(request) == TIMESTAMPTZOID ?
				psprintf("pg_catalog.timezone('UTC', %s)", expression) : expression);
}

/* time_type returns the type of events' times: the history table's is that of last_reused_at. */
static Oid
time_type(const PlanRequest *request)
{
	const AppTable *history = request->tables[APP_HISTORY];
	const AppTable *assets = request->tables[APP_ASSETS];

	if (history != NULL)
		return history->columns[HISTORY_REUSED_AT].type;
	if (assets == NULL)
		elog(ERROR, "statement is over no table that has events");
	return assets->columns[ASSET_LAST_REUSED_AT].type;
}
