/*-------------------------------------------------------------------------
 *
 * rows_queries.c
 *	  The statements of the row functions.
 *
 * All but row_unused read the events of a tenant's live assets from both places: from the rows
 * of the history table, if there is one, and from the assets' documents.
 *
 * Pure text, in the memory context of the text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "request_identifier.h"
#include "rows_queries.h"
#include "table_bind.h"

/* What is read of an asset beside its events, in the order of app_schema.h */
#define ASSET_NOW(alias) \
	"{if assets.clicks}, " alias ".clicks{end}{if assets.created_at}, " alias ".created_at{end}" \
	"{if assets.impressions}, " alias ".impressions{end}"

/* Does a row have a key?  Only strings of 1 to 255 bytes are keys. */
#define HAS_KEY(alias) \
	alias ".reuse_key IS NOT NULL AND pg_catalog.octet_length(" alias ".reuse_key) {>} 0" \
	" AND pg_catalog.octet_length(" alias ".reuse_key) {<=} 255"

/* An event without a usable time is at -infinity, so that it is the last one when the newest comes first. */
const char row_events[] =
	"SELECT {fn:event_id}({utc:e.reused_at}, e.seq), {answer:id e.asset_id},"
	"  {timestamptz:e.reused_at}, e.reused_in_type, e.reused_in_id, e.reused_in_name,"
	"  {if as_uuid}{fn:uuid_of}({named campaign}, CAST(NULL AS pg_catalog.text)){else}{named campaign}{end},"
	"  e.context"
	" FROM ({events}) AS e"
	" ORDER BY e.reused_at DESC, e.asset_id, e.seq DESC";

/*
 * In two steps, because count(DISTINCT) would sort.  Events outside the bounds are counted
 * without a bucket and come last; those slightly before the first bucket have a bucket of their own.
 */
const char row_timeline[] =
	"SELECT g.bucket_start, CAST(pg_catalog.sum(g.reuses) AS pg_catalog.int8), pg_catalog.count(*), g.later"
	" FROM (SELECT CASE WHEN {utc:e.reused_at} {>=} $first_time AND {utc:e.reused_at} {<} $last_time"
	"    THEN {bucket:e} END AS bucket_start,"
	"   {utc:e.reused_at} {>=} $last_time AS later, pg_catalog.count(*) AS reuses"
	"  FROM ({events}) AS e"
	"  WHERE e.reused_at {>} '-infinity' AND e.reused_at {<} 'infinity'"
	"  GROUP BY 1, 2, e.asset_id) AS g"
	" GROUP BY g.bucket_start, g.later ORDER BY g.bucket_start, g.later";

/*
 * By bucket: the number of assets made in it, within the range and in all, of its events, of the
 * assets reused, and of the assets reused for the first time.  What is earlier has no bucket, or one
 * of its own; assets without a time of creation, or with one of -infinity, count as having always existed.
 */
const char row_trend[] =
	"WITH reused AS MATERIALIZED ("
	"  SELECT e.asset_id, CASE WHEN {utc:e.reused_at} {>=} $first_time THEN {bucket:e} END AS bucket_start,"
	"   pg_catalog.count(*) FILTER (WHERE {utc:e.reused_at} {>=} $from_time) AS reuses"
	"  FROM ({events}) AS e"
	"  WHERE e.reused_at {>} '-infinity' AND {utc:e.reused_at} {<} $last_time"
	"  GROUP BY 1, 2),"
	" made AS ("
	"  SELECT a.id, CASE WHEN {created} {>=} $first_time THEN {bucket:a} END AS bucket_start,"
	"   {created} IS NULL OR {created} {=} '-infinity' AS always, {created} {>=} $from_time AS in_range"
	"  FROM {assets} AS a WHERE {wanted} AND ({created} IS NULL OR {created} {<} $last_time))"
	" SELECT m.bucket_start, CAST(pg_catalog.sum(m.created) AS pg_catalog.int8),"
	"  CAST(pg_catalog.sum(m.reuses) AS pg_catalog.int8), CAST(pg_catalog.sum(m.reused) AS pg_catalog.int8),"
	"  CAST(pg_catalog.sum(m.made) AS pg_catalog.int8), CAST(pg_catalog.sum(m.first_reused) AS pg_catalog.int8)"
	" FROM ("
	"  SELECT r.bucket_start, 0 AS created, r.reuses, CASE WHEN r.reuses {>} 0 THEN 1 ELSE 0 END AS reused,"
	"   0 AS made, 0 AS first_reused FROM reused AS r"
	"  UNION ALL SELECT GREATEST(f.bucket_start, a.bucket_start), 0, 0, 0, 0, 1"
	"   FROM (SELECT r.asset_id, CASE WHEN pg_catalog.bool_and(r.bucket_start IS NOT NULL)"
	"     THEN pg_catalog.min(r.bucket_start) END AS bucket_start FROM reused AS r GROUP BY r.asset_id) AS f"
	"   JOIN made AS a ON a.id {=} f.asset_id"
	"  UNION ALL SELECT CASE WHEN a.always THEN '-infinity' ELSE a.bucket_start END,"
	"   CASE WHEN a.in_range THEN 1 ELSE 0 END, 0, 0, 1, 0 FROM made AS a) AS m"
	" GROUP BY m.bucket_start ORDER BY m.bucket_start NULLS FIRST";

const char row_where_used[] =
	"SELECT {answer:id a.id}, {text:a.asset_name}, {text:a.asset_type}, u.reuses,"
	"  {timestamptz:u.first}, {timestamptz:u.last}"
	" FROM (SELECT e.asset_id, pg_catalog.count(*) AS reuses,"
	"   pg_catalog.min(e.reused_at) FILTER (WHERE e.reused_at {>} '-infinity') AS first,"
	"   pg_catalog.max(e.reused_at) AS last"
	"  FROM ({events}) AS e{if nowhere} WHERE false{end} GROUP BY e.asset_id) AS u"
	" JOIN {assets} AS a ON a.id {=} u.asset_id AND {wanted}"
	" ORDER BY u.reuses DESC, u.last DESC, a.id";

/*
 * Places are compared byte by byte.  A place's name is the one in its newest event.
 */
const char row_places[] =
	"SELECT p.reused_in_type, p.reused_in_id, p.reused_in_name, p.reuses, {timestamptz:p.first}, {timestamptz:p.last},"
	"  CASE WHEN p.reused_in_type {=} 'campaign_space' AND p.reused_in_id IS NOT NULL"
	"   THEN EXISTS (SELECT FROM {spaces} AS s WHERE s.id {=} {named id} AND {live:s}) END"
	" FROM (SELECT n.reused_in_type, n.reused_in_id, pg_catalog.min(n.reused_in_name) FILTER (WHERE n.newer {=} 0) AS reused_in_name,"
	"   pg_catalog.count(*) AS reuses, pg_catalog.min(n.reused_at) FILTER (WHERE n.reused_at {>} '-infinity') AS first,"
	"   pg_catalog.max(n.reused_at) AS last"
	"  FROM (SELECT e.reused_in_type, e.reused_in_id, e.reused_in_name COLLATE pg_catalog.\"C\" AS reused_in_name, e.reused_at,"
	"    pg_catalog.row_number() OVER (PARTITION BY e.reused_in_type, e.reused_in_id"
	"     ORDER BY e.reused_at DESC, e.seq DESC) {-} 1 AS newer"
	"   FROM (SELECT u.reused_in_type COLLATE pg_catalog.\"C\" AS reused_in_type,"
	"    u.reused_in_id COLLATE pg_catalog.\"C\" AS reused_in_id, u.reused_in_name, u.reused_at, u.seq"
	"    FROM ({events}) AS u) AS e) AS n"
	"  GROUP BY n.reused_in_type, n.reused_in_id) AS p"
	" ORDER BY p.last DESC, p.reused_in_type, p.reused_in_id";

const char row_verify[] =
	"SELECT {answer:id v.asset_id}, (v.found).problem, v.reused_count, (v.found).events,"
	"  {timestamptz:v.last_reused_at}, pg_catalog.timezone('UTC', (v.found).latest_event)"
	" FROM ({verified}) AS v ORDER BY v.asset_id, (v.found).number";

const char row_unused[] =
	"SELECT {answer:id a.id}, {text:a.asset_name}, {text:a.asset_type}, {created_at},"
	"  {number:impressions}, {number:clicks}, m.conversions, m.ctr, {text:a.file_url},"
	"  {if assets.campaign_space_id}{answer:campaign_space_id a.campaign_space_id}{else}{answer:campaign_space_id NULL}{end}"
	" FROM {assets} AS a, LATERAL (SELECT {ctr}, {number:conversions}) AS m (ctr, conversions)"
	" WHERE {wanted} AND COALESCE(a.reused_count, 0) {<=} 0"
	"  AND COALESCE({fn:log_count}({doc:a}), 0) {=} 0"
	"  {if history} AND NOT EXISTS (SELECT FROM {history} AS h"
	"   WHERE h.asset_id {=} a.id AND h.tenant_id {=} $tenant_id){end}"
	"  {if created_before} AND a.created_at {<} {created_before}{end}"
	" ORDER BY m.ctr DESC NULLS LAST, m.conversions DESC NULLS LAST, a.id";

/* The assets that are in a campaign: made in it, or reused there. */
const char row_members[] =
	"SELECT m.id, pg_catalog.bool_or(m.made), pg_catalog.bool_or(m.reused) FROM ("
	"{if made_in} SELECT {asset_id:a.id} AS id, true AS made, false AS reused FROM {assets} AS a"
	"  WHERE {live:a} AND {made there} UNION ALL{end}"
	" SELECT e.asset_id AS id, false AS made, true AS reused FROM ({events}) AS e) AS m"
	" WHERE m.id IS NOT NULL GROUP BY m.id ORDER BY m.id";

/*
 * What events have recorded of their assets, asset by asset in the order of times, with the assets as
 * they are.  A row of the history table has it among the other keys of its context.
 *
 * Not with the operator ?: the planner expects that few rows pass it, and would then check the policy of the history table
 * by a look-up for each row, instead of a hash table of the assets.
 */
const char row_snapshots[] =
	"SELECT e.asset_id, {utc:e.reused_at}, e.context {->} 'at_reuse'" ASSET_NOW("e")
	" FROM ({events}) AS e"
	" WHERE e.asset_id IS NOT NULL AND e.reused_at {>} '-infinity' AND {utc:e.reused_at} {<=} $now"
	"  AND e.context {->} 'at_reuse' IS NOT NULL"
	" ORDER BY e.asset_id, e.reused_at, e.seq";

/*
 * The assets with the best rates, of those in a campaign if one is given: made in it, or reused there.  The two
 * are one subquery, which is joined; beside an OR it would be looked through for each asset.
 */
const char row_performance[] =
	"SELECT {asset_id:a.id}, {answer:id a.id}, {text:a.asset_name}, {text:a.asset_type},"
	"  {number:impressions}, {number:clicks}, r.rates"
	" FROM (SELECT ({insight}) AS state OFFSET 0) AS i, {assets} AS a{origin},"
	"  LATERAL (SELECT {fn:insight_asset}(i.state, $confidence, a.asset_type,"
	"   {platform}, {column:created_at}, {column:impressions}, {column:clicks}) OFFSET 0) AS r (rates)"
	" WHERE {wanted} AND a.id IS NOT NULL{if place_id} AND {asset_id:a.id} {=} ANY ("
	"{if made_in} SELECT {asset_id:a.id} FROM {assets} AS a WHERE {live:a} AND {made there} UNION ALL{end}"
	"  SELECT e.asset_id FROM ({events}) AS e){end}"
	" ORDER BY r.rates[4] DESC, a.id LIMIT $row_limit";

/* The assets that are asked for. */
static const char wanted[] =
	"{live:a}{if asset_id} AND a.id {=} $asset_id{end}{if asset_ids} AND a.id {=} ANY ($asset_ids){end}"
	"{if asset_type} AND {label:a.asset_type} {=} $asset_type{end}";

/*
 * In the target list, the function costs next to nothing for the many assets without events.  If
 * there is a history table, an index finds the documents that have a log.
 */
static const char document_events[] =
	"SELECT d.asset_id, {utc:(d.event).reused_at} AS reused_at, (d.event).seq AS seq,"
	"  (d.event).reused_in_type AS reused_in_type, (d.event).reused_in_id AS reused_in_id,"
	"  (d.event).reused_in_name AS reused_in_name, (d.event).context AS context"
	"{if snapshots}" ASSET_NOW("d") "{end}"
	" FROM (SELECT {asset_id:a.id} AS asset_id, {fn:log_events}({doc:a}, $start_date, $end_date,"
	"   $uuid_campaigns, $detail,"
	"   {if history}stored.times, stored.seqs, stored.elements{else}CAST(NULL AS pg_catalog.timestamp[]),"
	"   CAST(NULL AS pg_catalog.int4[]), CAST(NULL AS pg_catalog.jsonb[]){end}) AS event"
	"   {if snapshots}" ASSET_NOW("a") "{end}"
	"  FROM {assets} AS a{if history} CROSS JOIN LATERAL ({stored in range}) AS stored{end}"
	"  WHERE {wanted}{if history} AND {doc:a} {?} 'reuse_history'{end}) AS d"
	" WHERE true"
	"{if place_type} AND (d.event).reused_in_type {=} $place_type{end}"
	"{if place_id} AND ((d.event).reused_in_id {=} $place_id"
	"{if campaign_id} OR (d.event).reused_in_id {=} $campaign_id AND (d.event).reused_in_type {=} 'campaign_space'{end}){end}";

/*
 * When events are streamed, these rows must come in order without a sort that reads
 * all of them.  So the order is requested here already; OFFSET 0 makes the check of
 * the asset a look-up for each row, which preserves an index's order; and for a limit
 * that the planner does not know, it assumes that a tenth of the rows is read, and
 * then prefers the index to the sort.
 */
static const char table_events[] =
	"SELECT live.id, h.reused_at, h.seq, h.reused_in_type, h.reused_in_id, h.reused_in_name,"
	"  {if streamed}{fn:row_context}({utc:h.reused_at}, h.reused_in_type, h.reused_in_id, h.reused_in_name,"
	"   h.reuse_key, h.context, h.original){else}{if snapshots}h.context{else}CAST(NULL AS pg_catalog.jsonb){end}{end}"
	"{if snapshots}" ASSET_NOW("live") "{end}"
	" FROM {history} AS h, LATERAL ("
	"  SELECT {asset_id:a.id} AS id{if snapshots}" ASSET_NOW("a") "{end} FROM {assets} AS a WHERE a.id {=} h.asset_id AND {wanted}{if streamed} OFFSET 0{end}) AS live"
	" WHERE h.tenant_id {=} $tenant_id"
	"{if asset_id} AND h.asset_id {=} $asset_id{end}{if asset_ids} AND h.asset_id {=} ANY ($asset_ids){end}"
	"{if start_date} AND h.reused_at {>=} {utc:$start_date} AND h.reused_at {>} '-infinity'{end}"
	"{if end_date} AND h.reused_at {<} {utc:$end_date} AND h.reused_at {>} '-infinity'{end}"
	"{if place_type} AND h.reused_in_type {=} $place_type{end}"
	"{if place_id} AND (h.reused_in_id {=} $place_id"
	"  AND " HISTORY_PLACE_KEY_OF("h.reused_in_id") " {=} " HISTORY_PLACE_KEY_OF("$place_id")
	"{if campaign_id} OR h.reused_in_id {=} $campaign_id AND h.reused_in_type {=} 'campaign_space'"
	"  AND " HISTORY_PLACE_KEY_OF("h.reused_in_id") " {=} " HISTORY_PLACE_KEY_OF("$campaign_id") "{end}){end}"
	"{if streamed} ORDER BY 2 DESC, 3 DESC LIMIT (SELECT CAST(NULL AS pg_catalog.int8)){end}";

/*
 * The problems of the tenant's live assets, one row each.  Each row of the history table and each
 * document is read once; the rows with a document's times, and its asset's keys, are read only if
 * events are in both places.  If ids are unique by themselves, rows of the asset that have another tenant belong to nobody.
 */
static const char verified[] =
	"SELECT {asset_id:a.id} AS asset_id, CAST(a.reused_count AS pg_catalog.int8) AS reused_count,"
	"  CAST(a.last_reused_at AS {time}) AS last_reused_at,"
	"  {fn:log_problems}({doc:a}, CAST(a.reused_count AS pg_catalog.int8), {utc:a.last_reused_at}, $horizon, $precision,"
	"   {if history}r.events, {utc:r.latest},"
	"   a.id {=} ANY (SELECT h.asset_id FROM {history} AS h WHERE h.tenant_id {=} $tenant_id"
	"    {if asset_id} AND h.asset_id {=} $asset_id{end} AND " HAS_KEY("h")
	"    GROUP BY h.asset_id, h.reuse_key HAVING pg_catalog.count(*) {>} 1),"
	"   {if id_is_unique}EXISTS (SELECT FROM {history} AS x WHERE x.asset_id {=} a.id"
	"    AND x.tenant_id {<>} $tenant_id){else}false{end},"
	"   stored.times, stored.seqs, stored.elements,"
	"   (SELECT pg_catalog.array_agg(h.reuse_key) FROM {history} AS h"
	"    WHERE r.asset_id IS NOT NULL AND {doc:a} {?} 'reuse_history'"
	"     AND h.asset_id {=} a.id AND h.tenant_id {=} $tenant_id AND " HAS_KEY("h") ")"
	"   {else}CAST(NULL AS pg_catalog.int8), CAST(NULL AS pg_catalog.timestamp), false, false,"
	"   CAST(NULL AS pg_catalog.timestamp[]), CAST(NULL AS pg_catalog.int4[]), CAST(NULL AS pg_catalog.jsonb[]),"
	"   CAST(NULL AS pg_catalog.text[]){end}) AS found"
	" FROM {assets} AS a"
	"{if history} LEFT JOIN (SELECT h.asset_id, pg_catalog.count(*) AS events,"
	"   pg_catalog.max(h.reused_at) FILTER (WHERE h.reused_at {<=} {utc:$horizon}) AS latest"
	"  FROM {history} AS h WHERE h.tenant_id {=} $tenant_id{if asset_id} AND h.asset_id {=} $asset_id{end}"
	"  GROUP BY h.asset_id) AS r ON r.asset_id {=} a.id"
	" CROSS JOIN LATERAL (SELECT pg_catalog.array_agg({utc:h.reused_at}) AS times, pg_catalog.array_agg(h.seq) AS seqs,"
	"   pg_catalog.array_agg({element:h}) AS elements"
	"  FROM pg_catalog.unnest({fn:log_times}({doc:a})) AS t (reused_at), LATERAL ("
	"   SELECT * FROM {history} AS h WHERE h.asset_id {=} a.id AND h.tenant_id {=} $tenant_id"
	"    AND h.reused_at {=} {utc:t.reused_at} ORDER BY h.reused_at, h.seq) AS h"
	"  WHERE r.asset_id IS NOT NULL AND {doc:a} {?} 'reuse_history') AS stored{end}"
	" WHERE {wanted}";

static const char *argument_of(const char *name, const char *kind);
static void append_asset_id(PlanText *text, const PlanRequest *request, const char *expression);
static void append_id_answer(PlanText *text, const PlanRequest *request, const char *argument);
static void append_timestamptz(PlanText *text, Oid type, const char *expression);
static void append_bucket(PlanText *text, const PlanRequest *request, const char *time);
static void append_created_at(PlanText *text, const PlanRequest *request);
static void append_created_before(PlanText *text, const PlanRequest *request);
static void append_ctr(PlanText *text, const PlanRequest *request);
static void append_number(PlanText *text, const PlanRequest *request, const char *name);
static const AppColumn *asset_column(const AppTable *assets, const char *name);

/* ----------
 * rows_put_piece puts what the templates have in common:
 *
 *		{events}				the events of the tenant's live assets, from both places: asset_id,
 *								reused_at, seq, reused_in_type, reused_in_id, reused_in_name, context
 *		{wanted}				the condition on asset a
 *		{verified}				the problems of those assets: asset_id, reused_count, last_reused_at, found
 *		{named id}				the id of place p, as the campaigns' ids are compared with it
 *		{named campaign}		the id of the campaign that event e names
 *		{made there}			asset a was made in the campaign that identifier_add_made_in has added
 *		{bucket:e} {bucket:a}	when the bucket begins that event e is in, or asset a was made in
 *		{created}				when asset a was made, in UTC; null where that is not known
 *		{asset_id:a.id}			an asset's id, alike in both places and sorted as the column is
 *		{answer:id a.id}		an id of that column in the type that the function returns
 *		{timestamptz:e.reused_at}	an event's time; null for none
 *		{number:clicks} {ctr}	a number of the asset's; null if it is none
 * ----------
 */
void
rows_put_piece(PlanText *text, const PlanRequest *request, const char *name)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	const char *argument;

	if (strcmp(name, "events") == 0)
	{
		plan_expand(text, request, document_events);
		plan_expand(text, request, "{if history} UNION ALL ({table events}){end}");
	}
	else if (strcmp(name, "table events") == 0)
		plan_expand(text, request, table_events);
	else if (strcmp(name, "wanted") == 0)
		plan_expand(text, request, wanted);
	else if (strcmp(name, "verified") == 0)
		plan_expand(text, request, verified);
	else if (strcmp(name, "named id") == 0)
		rows_put_place_id(text, request, &request->tables[APP_SPACES]->columns[SPACE_ID], "s.id");
	else if (strcmp(name, "named campaign") == 0)
		plan_expand(text, request, "CASE WHEN e.reused_in_type {=} 'campaign_space' THEN e.reused_in_id END");
	else if (strcmp(name, "made there") == 0)
		plan_expand(text, request, "{if made_in_uuid}{uuid:a.campaign_space_id} {=} $made_in_uuid"
					"{else}a.campaign_space_id {=} $made_in{end}");
	else if (strcmp(name, "bucket:e") == 0)
		append_bucket(text, request, "{utc:e.reused_at}");
	else if (strcmp(name, "bucket:a") == 0)
		append_bucket(text, request, "{created}");
	else if (strcmp(name, "created") == 0)
		appendStringInfoString(&text->sql, !assets->columns[ASSET_CREATED_AT].present ?
							   "CAST(NULL AS pg_catalog.timestamp)" :
							   assets->columns[ASSET_CREATED_AT].type == TIMESTAMPTZOID ?
							   "pg_catalog.timezone('UTC', a.created_at)" : "a.created_at");
	else if (strcmp(name, "created_at") == 0)
		append_created_at(text, request);
	else if (strcmp(name, "created_before") == 0)
		append_created_before(text, request);
	else if (strcmp(name, "ctr") == 0)
		append_ctr(text, request);
	else if ((argument = argument_of(name, "asset_id:")) != NULL)
		append_asset_id(text, request, argument);
	else if ((argument = argument_of(name, "answer:")) != NULL)
		append_id_answer(text, request, argument);
	else if ((argument = argument_of(name, "timestamptz:")) != NULL)
		append_timestamptz(text, assets->columns[ASSET_LAST_REUSED_AT].type, argument);
	else if ((argument = argument_of(name, "number:")) != NULL)
		append_number(text, request, argument);
	else
		history_table_put_piece(text, request, name);
}

/* argument_of returns the rest of a name after its kind; null if the name is of another kind. */
static const char *
argument_of(const char *name, const char *kind)
{
	return strncmp(name, kind, strlen(kind)) == 0 ? name + strlen(kind) : NULL;
}

static void
append_asset_id(PlanText *text, const PlanRequest *request, const char *expression)
{
	bool		is_uuid = request->tables[APP_ASSETS]->columns[ASSET_ID].type == UUIDOID;

	appendStringInfo(&text->sql, "CAST(%s AS %s)", expression,
					 is_uuid ? "pg_catalog.uuid" : "pg_catalog.text");
	plan_expand(text, request, "{collation:a.id}");
}

/* append_id_answer appends "column expression" in the type that the function returns. */
static void
append_id_answer(PlanText *text, const PlanRequest *request, const char *argument)
{
	const char *expression = strchr(argument, ' ') + 1;
	char	   *column = pnstrdup(argument, expression - argument - 1);

	if (asset_column(request->tables[APP_ASSETS], column)->type == UUIDOID)
		plan_expand(text, request, psprintf("CAST(%s AS {if as_uuid}pg_catalog.uuid{else}pg_catalog.text{end})",
											expression));
	else
		plan_expand(text, request,
					psprintf("{if as_uuid}{fn:uuid_of}({end}CAST(%s AS pg_catalog.text)"
							 "{if as_uuid}, CAST('%s' AS pg_catalog.text)){end}", expression, column));
}

/*
 * rows_put_place_id puts the id of place p in the type and collation of a column of ids, so that the
 * column's index is used; the column is named with its table's alias, too.
 */
void
rows_put_place_id(PlanText *text, const PlanRequest *request, const AppColumn *column, const char *named)
{
	Oid			type = identifier_param_type(column);

	plan_expand(text, request, type == UUIDOID ?
				"{fn:uuid_of}(p.reused_in_id, CAST(NULL AS pg_catalog.text))" :
				psprintf("CAST(p.reused_in_id AS %s){collation:%s}",
						 /* char(n) of any length, not char(1) */
						 format_type_extended(type, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY), named));
}

/* append_timestamptz appends a time of that type as timestamptz; null for -infinity. */
static void
append_timestamptz(PlanText *text, Oid type, const char *expression)
{
	appendStringInfo(&text->sql, type == TIMESTAMPTZOID ?
					 "CASE WHEN %s OPERATOR(pg_catalog.>) '-infinity' THEN %s END" :
					 "CASE WHEN %s OPERATOR(pg_catalog.>) '-infinity' THEN pg_catalog.timezone('UTC', %s) END",
					 expression, expression);
}

/* append_bucket appends the beginning of the bucket that contains a time in UTC. */
static void
append_bucket(PlanText *text, const PlanRequest *request, const char *time)
{
	plan_expand(text, request,
				psprintf("{if time_zone}pg_catalog.timezone('UTC', pg_catalog.date_trunc($bucket,"
						 " pg_catalog.timezone('UTC', %s), $time_zone))"
						 "{else}pg_catalog.date_trunc($bucket, %s){end}", time, time));
}

static void
append_created_at(PlanText *text, const PlanRequest *request)
{
	const AppColumn *column = &request->tables[APP_ASSETS]->columns[ASSET_CREATED_AT];

	if (column->present)
		append_timestamptz(text, column->type, "a.created_at");
	else
		appendStringInfoString(&text->sql, "CAST(NULL AS pg_catalog.timestamptz)");
}

/* append_created_before appends the bound in the type of created_at. */
static void
append_created_before(PlanText *text, const PlanRequest *request)
{
	const AppColumn *column = &request->tables[APP_ASSETS]->columns[ASSET_CREATED_AT];

	plan_expand(text, request, column->type == TIMESTAMPTZOID ?
				"pg_catalog.timezone('UTC', $created_before)" : "$created_before");
}

/* append_ctr appends an asset's ctr, computed from clicks and impressions if there is no such column. */
static void
append_ctr(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];

	if (assets->columns[ASSET_CTR].present || !assets->columns[ASSET_CLICKS].present ||
		!assets->columns[ASSET_IMPRESSIONS].present)
	{
		append_number(text, request, "ctr");
		return;
	}
	appendStringInfoString(&text->sql, "CASE WHEN ");
	append_number(text, request, "impressions");
	/* beyond this, the ratio would exceed the limits of numeric */
	appendStringInfoString(&text->sql, " OPERATOR(pg_catalog.>) 1e-1000 AND pg_catalog.abs(");
	append_number(text, request, "clicks");
	appendStringInfoString(&text->sql, ") OPERATOR(pg_catalog.<) 1e1000 THEN pg_catalog.trim_scale("
						   "pg_catalog.round(100 OPERATOR(pg_catalog.*) ");
	append_number(text, request, "clicks");
	appendStringInfoString(&text->sql, " OPERATOR(pg_catalog./) ");
	append_number(text, request, "impressions");
	appendStringInfoString(&text->sql, ", 2)) END");
}

/* append_number appends a column's number, or null for NaN and infinity; a float's in its shortest precise form, as in answers. */
static void
append_number(PlanText *text, const PlanRequest *request, const char *name)
{
	const AppColumn *column = asset_column(request->tables[APP_ASSETS], name);

	switch (column->present ? column->type : InvalidOid)
	{
		case FLOAT4OID:
		case FLOAT8OID:
			plan_expand(text, request, psprintf("{fn:decimal}(CAST(a.%s AS %s))", name, format_type_be_qualified(column->type)));
			break;
		case NUMERICOID:
			appendStringInfo(&text->sql, "CASE WHEN a.%s OPERATOR(pg_catalog.>) '-Infinity' "
							 "AND a.%s OPERATOR(pg_catalog.<) 'Infinity' THEN CAST(a.%s AS pg_catalog.numeric) END",
							 name, name, name);
			break;
		case InvalidOid:
			appendStringInfoString(&text->sql, "CAST(NULL AS pg_catalog.numeric)");
			break;
		default:
			appendStringInfo(&text->sql, "CAST(a.%s AS pg_catalog.numeric)", name);
	}
}

static const AppColumn *
asset_column(const AppTable *assets, const char *name)
{
	int			column = 0;

	while (strcmp(app_column_name(APP_ASSETS, column), name) != 0)
		column++;
	return &assets->columns[column];
}
