/*-------------------------------------------------------------------------
 *
 * recommend_queries.c
 *	  The statements of recommendations.
 *
 * Each reads what it looks for in both places where events are.  In the history table, an index leads
 * to it, and no more is read than counts; without one, all of the tenant's documents are read
 * but where a statement starts from assets.
 *
 * What a campaign has are all assets that were made or used there: those that were deleted since belonged
 * to it as well, and count in its size.  None of them is recommended: recommend_live_assets asks for that.
 * An asset without an id, which nobody can reuse, counts nowhere.
 *
 * Pure text; it is in the memory context of the text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"

#include "insight.h"
#include "recommend_near.h"
#include "recommend_queries.h"
#include "rows_queries.h"
#include "table_bind.h"

#define NUMBER(x)			CppAsString2(x)

/* The live assets that a campaign has, made or reused there, the most reused first. */
const char recommend_members[] =
	"SELECT {asset_id:a.id}, {reuses}, {text:a.campaign_space_id}, {made}, {text:a.asset_name}"
	" FROM (SELECT DISTINCT i.id FROM ("
	"{if made_in} SELECT {asset_id:a.id} AS id FROM {assets} AS a"
	"   WHERE {live:a} AND {made there}{made in time} UNION ALL{end}"
	"{if history} SELECT {asset_id:h.asset_id} AS id FROM {history} AS h"
	"   WHERE h.tenant_id {=} $tenant_id AND " HISTORY_PLACE_KEY_OF("h.reused_in_id") " {=} " HISTORY_PLACE_KEY_OF("$campaign")
	"    AND h.reused_in_id {=} $campaign AND h.reused_in_type {=} 'campaign_space'{in time, unordered:h} UNION ALL{end}"
	"  SELECT d.asset_id AS id FROM ({document events}) AS d"
	"   WHERE d.reused_in_id {=} $campaign AND d.reused_in_type {=} 'campaign_space') AS i) AS i"
	" JOIN {assets} AS a ON a.id {=} i.id AND {live:a}{stored later}"
	" ORDER BY 2 DESC, a.id";

/* Each seed's newest uses, and of these the ones in campaigns. */
const char recommend_seed_uses[] =
	"SELECT CAST(i.n AS pg_catalog.int4), u.reused_in_id, {utc:u.reused_at}"
	" FROM pg_catalog.unnest($ids) WITH ORDINALITY AS i (id, n), LATERAL ("
	" SELECT b.* FROM ("
	"{if history} (SELECT h.reused_at, h.seq, h.reused_in_type, h.reused_in_id FROM {history} AS h"
	"   WHERE h.asset_id {=} i.id AND h.tenant_id {=} $tenant_id{in time:h}"
	"   ORDER BY h.reused_at DESC, h.seq DESC LIMIT " NUMBER(NEAR_MAX_USES) ") UNION ALL{end}"
	"  (SELECT d.reused_at, d.seq, d.reused_in_type, d.reused_in_id FROM ({document events}) AS d"
	"   ORDER BY d.reused_at DESC, d.seq DESC LIMIT " NUMBER(NEAR_MAX_USES) ")) AS b"
	"  ORDER BY b.reused_at DESC, b.seq DESC LIMIT " NUMBER(NEAR_MAX_USES) ") AS u"
	" WHERE u.reused_in_type {=} 'campaign_space' AND u.reused_in_id IS NOT NULL";

/*
 * What live campaigns have, by their numbers in the array.  One that has more than it may is known
 * by one more.  Where assets spell the campaigns' uuids as they like, no index leads to them, so the
 * tenant's assets are read once.
 */
const char recommend_campaign_uses[] =
	"WITH c AS MATERIALIZED ("
	"  SELECT p.n, p.reused_in_id AS id{if assets.campaign_space_id}, {if by_uuid}{named id}{else}{made in:p}{end} AS made_in{end}"
	"  FROM pg_catalog.unnest($campaigns) WITH ORDINALITY AS p (reused_in_id, n)"
	"  WHERE EXISTS (SELECT FROM {spaces} AS s WHERE s.id {=} {named id} AND {live:s}))"
	"{if assets.campaign_space_id}{if by_uuid}"
	" SELECT CAST(c.n AS pg_catalog.int4), {asset_id:a.id}, {made}"
	"  FROM {assets} AS a JOIN c ON c.made_in {=} {uuid:a.campaign_space_id}"
	"  WHERE a.tenant_id {=} $tenant_id AND a.id IS NOT NULL{made in time}{else}"
	" SELECT CAST(c.n AS pg_catalog.int4), u.id, u.made FROM c, LATERAL ("
	"   SELECT {asset_id:a.id} AS id, {made} AS made FROM {assets} AS a"
	"   WHERE a.campaign_space_id {=} c.made_in AND a.tenant_id {=} $tenant_id AND a.id IS NOT NULL{made in time}"
	"   LIMIT " NUMBER(NEAR_MAX_MEMBERS) " {+} 1) AS u{end}"
	" UNION ALL{end}"
	"{if history} SELECT CAST(c.n AS pg_catalog.int4), {asset_id:u.asset_id}, {utc:u.reused_at} FROM c, LATERAL ("
	"   SELECT h.asset_id, h.reused_at FROM {history} AS h"
	"   WHERE h.tenant_id {=} $tenant_id AND " HISTORY_PLACE_KEY_OF("h.reused_in_id") " {=} " HISTORY_PLACE_KEY_OF("c.id")
	"    AND h.reused_in_id {=} c.id AND h.reused_in_type {=} 'campaign_space'{in time, unordered:h}"
	"   LIMIT " NUMBER(NEAR_MAX_MEMBERS) " {+} 1) AS u"
	" UNION ALL{end}"
	" SELECT CAST(c.n AS pg_catalog.int4), d.asset_id, {utc:d.reused_at} FROM ({document events}) AS d"
	"  JOIN c ON c.id {=} d.reused_in_id WHERE d.reused_in_type {=} 'campaign_space'";

/* The campaigns that are like the one asked for: of its brand, or for its platform. */
const char recommend_alike[] =
	"SELECT {text:s.id} FROM {spaces} AS s WHERE {live:s} AND s.id {<>} $target"
	" AND {if brand}{text:s.brand_id}{else}{text:s.platform}{end} {=} $alike"
	" ORDER BY s.id LIMIT " NUMBER(NEAR_MAX_ALIKE);

/* Which assets are live, by their numbers in the array: how often they are reused, and whether they are wanted. */
const char recommend_live_assets[] =
	"SELECT CAST(i.n AS pg_catalog.int4), {reuses},"
	"  {if asset_type}COALESCE({label:a.asset_type} {=} $asset_type, false){else}true{end}"
	" FROM pg_catalog.unnest($ids) WITH ORDINALITY AS i (id, n)"
	" JOIN {assets} AS a ON a.id {=} i.id AND {live:a}{stored later}";

/* The tenant's newest events. */
const char recommend_newest_events[] =
	"SELECT b.* FROM ("
	"{if history}(SELECT {asset_id:n.asset_id} AS asset_id, {utc:n.reused_at} AS reused_at FROM ("
	"   SELECT h.asset_id, h.reused_at FROM {history} AS h"
	"   WHERE h.tenant_id {=} $tenant_id AND h.reused_at {>=} {utc:$start_date}{in time:h}"
	"   ORDER BY h.reused_at DESC, h.asset_id LIMIT " NUMBER(NEAR_POPULAR_EVENTS) ") AS n) UNION ALL {end}"
	"(SELECT d.asset_id, {utc:d.reused_at} AS reused_at FROM ({document events}) AS d"
	"  ORDER BY d.reused_at DESC, d.asset_id LIMIT " NUMBER(NEAR_POPULAR_EVENTS) ")) AS b"
	" ORDER BY b.reused_at DESC, b.asset_id LIMIT " NUMBER(NEAR_POPULAR_EVENTS);

/* Columns of some assets, by their numbers in the array, and how often and when last they were reused. */
const char recommend_items[] =
	"SELECT {columns:a}, CAST(i.n AS pg_catalog.int4), {reuses},"
	"  {if as_of}GREATEST({if history}(SELECT {utc:h.reused_at} FROM {history} AS h"
	"    WHERE h.asset_id {=} a.id AND h.tenant_id {=} $tenant_id{in time:h}"
	"    ORDER BY h.reused_at DESC, h.seq DESC LIMIT 1),{end}"
	"   (SELECT pg_catalog.max(e.reused_at)"
	"    FROM {fn:log_events}({doc:a}, $start_date, $end_date, $uuid_campaigns, 0, {no rows}) AS e)){else}CAST(NULL AS pg_catalog.timestamp){end}"
	" FROM pg_catalog.unnest($ids) WITH ORDINALITY AS i (id, n)"
	" JOIN {assets} AS a ON a.id {=} i.id AND {live:a}{stored later}"
	" ORDER BY i.n";

/* What the tenant's assets have performed. */
const char recommend_insight[] = "{insight}";

/* What the rates of assets are taken to be, by their numbers in the array. */
const char recommend_rates[] =
	"SELECT CAST(i.n AS pg_catalog.int4), r.of[1], r.of[4], r.of[5], r.of[6], r.of[7], r.of[8]"
	" FROM pg_catalog.unnest($ids) WITH ORDINALITY AS i (id, n)"
	" JOIN {assets} AS a ON a.id {=} i.id AND {live:a}{origin}, LATERAL (SELECT {rates} OFFSET 0) AS r (of)";

/* The assets that were never reused, by what their rates can be at best. */
const char recommend_unused[] =
	"SELECT {asset_id:a.id}, r.of[6] FROM {assets} AS a{origin}, LATERAL (SELECT {rates} OFFSET 0) AS r (of)"
	" WHERE {live:a} AND a.id IS NOT NULL{if asset_type} AND {label:a.asset_type} {=} $asset_type{end}"
	"  AND COALESCE(a.reused_count, 0) {<=} 0 AND COALESCE({fn:log_count}({doc:a}), 0) {=} 0"
	"  {if history} AND NOT EXISTS (SELECT FROM {history} AS h"
	"   WHERE h.asset_id {=} a.id AND h.tenant_id {=} $tenant_id){end}"
	" ORDER BY r.of[6] DESC, a.id LIMIT $most";

/* All there is: the assets, and whether they are live; the live campaigns; the events, the oldest first. */
const char recommend_all_assets[] =
	"SELECT {asset_id:a.id}, CAST(COALESCE(a.reused_count, 0) AS pg_catalog.int8), {text:a.campaign_space_id}, {made},"
	"  a.deleted_at IS NULL FROM {assets} AS a WHERE a.tenant_id {=} $tenant_id AND a.id IS NOT NULL ORDER BY a.id";

const char recommend_all_campaigns[] =
	"SELECT {text:s.id} FROM {spaces} AS s WHERE {live:s} AND s.id IS NOT NULL";

const char recommend_all_events[] =
	"{if history}SELECT {asset_id:h.asset_id} AS asset_id, {utc:h.reused_at} AS reused_at,"
	"  CASE WHEN h.reused_in_type {=} 'campaign_space' THEN h.reused_in_id END AS campaign"
	" FROM {history} AS h WHERE h.tenant_id {=} $tenant_id{in time:h} UNION ALL {end}"
	"SELECT d.asset_id, {utc:d.reused_at} AS reused_at,"
	"  CASE WHEN d.reused_in_type {=} 'campaign_space' THEN d.reused_in_id END AS campaign"
	" FROM ({document events}) AS d ORDER BY reused_at, asset_id";

/*
 * The events of the tenant's documents, or of those of the assets i.  Where there is a history table,
 * an index tells which documents have a log.
 */
static const char document_events[] =
	"SELECT e.asset_id, {utc:(e.event).reused_at} AS reused_at, (e.event).seq AS seq,"
	"  (e.event).reused_in_type AS reused_in_type, (e.event).reused_in_id AS reused_in_id"
	" FROM (SELECT {asset_id:a.id} AS asset_id, {fn:log_events}({doc:a}, $start_date, $end_date,"
	"   $uuid_campaigns, $detail,"
	"   {if history}stored.times, stored.seqs, stored.elements{else}{no rows}{end}) AS event"
	"  FROM {assets} AS a{if history} CROSS JOIN LATERAL ({stored in range}) AS stored{end}"
	"  WHERE a.tenant_id {=} $tenant_id AND a.id IS NOT NULL{if of_ids} AND a.id {=} i.id{end}"
	"{if history} AND {doc:a} {?} 'reuse_history'{end}) AS e";

static void append_made(PlanText *text, const PlanRequest *request);

/* ----------
 * recommend_put_piece puts what the templates have in common, beside what those of rows_queries.c
 * have, and insight_query.c:
 *
 *		{document events}	the events of documents: asset_id, reused_at, seq, reused_in_type, reused_in_id
 *		{in time:h}			and event h is one that counts
 *		{in time, unordered:h}	the same, as no index of times has it: the planner would take the range for small
 *		{reuses}			how often asset a is reused, or was at the time asked for
 *		{stored later}		what {reuses} takes of the history table
 *		{no rows}			the arguments for functions of the log where no rows are told
 *		{made}				when asset a was made, in UTC; null if that is not known
 *		{made in time}		and asset a was not made later than what counts
 *		{rates}				what the rate of asset a is taken to be, with {origin}: see insight_asset.c
 *		{made in:p}			the id of place p, as assets name the campaign in which they were made
 * ----------
 */
void
recommend_put_piece(PlanText *text, const PlanRequest *request, const char *name)
{
	if (strcmp(name, "document events") == 0)
		plan_expand(text, request, document_events);
	else if (strcmp(name, "in time:h") == 0)
		plan_expand(text, request, " AND h.reused_at {>} '-infinity' AND h.reused_at {<} {utc:$end_date}");
	else if (strcmp(name, "in time, unordered:h") == 0)
		plan_expand(text, request, " AND (h.reused_at {>} '-infinity' AND h.reused_at {<} {utc:$end_date}) IS TRUE");
	else if (strcmp(name, "reuses") == 0)
		plan_expand(text, request,
					"GREATEST(CAST(COALESCE(a.reused_count, 0) AS pg_catalog.int8)"
					"{if as_of} {-} {fn:log_count_in}({doc:a}, $end_date, CAST(NULL AS pg_catalog.timestamp),"
					" {if history}stored.times, stored.seqs, stored.elements{else}{no rows}{end})"
					"{if history} {-} (SELECT pg_catalog.count(*) FROM {history} AS h WHERE h.asset_id {=} a.id"
					" AND h.tenant_id {=} $tenant_id AND h.reused_at {>=} {utc:$end_date}){end}{end}, 0)");
	else if (strcmp(name, "no rows") == 0)
		plan_expand(text, request, "CAST(NULL AS pg_catalog.timestamp[]), CAST(NULL AS pg_catalog.int4[]),"
					" CAST(NULL AS pg_catalog.jsonb[])");
	else if (strcmp(name, "stored later") == 0)
		plan_expand(text, request, "{if as_of}{if history} CROSS JOIN LATERAL ({stored}) AS stored{end}{end}");
	else if (strcmp(name, "made") == 0)
		append_made(text, request);
	else if (strcmp(name, "made in time") == 0)
		plan_expand(text, request, "{if as_of}{if assets.created_at} AND COALESCE({made} {<} $end_date, true){end}{end}");
	else if (strcmp(name, "made in:p") == 0)
		rows_put_place_id(text, request, &request->tables[APP_ASSETS]->columns[ASSET_CAMPAIGN_SPACE_ID],
						  "a.campaign_space_id");
	else if (strcmp(name, "rates") == 0)
		plan_expand(text, request,
					"{fn:insight_asset}($insight, $confidence, a.asset_type, {platform}, {column:created_at},"
					" {column:impressions}, {column:clicks})");
	else if (!insight_put_piece(text, request, name))
		rows_put_piece(text, request, name);
}

static void
append_made(PlanText *text, const PlanRequest *request)
{
	const AppColumn *column = &request->tables[APP_ASSETS]->columns[ASSET_CREATED_AT];

	appendStringInfoString(&text->sql, !column->present ? "CAST(NULL AS pg_catalog.timestamp)" :
						   column->type == TIMESTAMPTZOID ? "pg_catalog.timezone('UTC', a.created_at)" :
						   "CAST(a.created_at AS pg_catalog.timestamp)");
}
