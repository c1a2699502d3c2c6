// asset_reuse with pgx: what every client of this folder does (see README.md).

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/jackc/pgconn" // with pgx 5: github.com/jackc/pgx/v5/pgconn
	"github.com/jackc/pgx/v4"
)

var notFound = map[string]string{
	"campaign_assets":              "asset not found",
	"campaign_spaces":              "campaign not found",
	"campaign_asset_reuse_history": "reuse not found",
}

// httpError returns the HTTP status, a message for the client, and a hint for the log.
func httpError(err error) (int, string, string) {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		if server.Code == "P0002" {
			return 404, notFound[server.TableName], ""
		}
		if strings.HasPrefix(server.Code, "22") {
			return 400, server.Message, server.Hint
		}
	}
	return 500, err.Error(), ""
}

type answer struct {
	Replayed bool
	Asset    struct {
		ReusedCount int `json:"reused_count"`
	}
	Event struct {
		Context struct{ Placement string }
	}
	AssetName   string `json:"asset_name"`
	TotalReuses int    `json:"total_reuses"`
	History     []struct {
		ReusedInID string `json:"reused_in_id"`
	}
	NextCursor *string `json:"next_cursor"`
}

type client struct {
	ctx  context.Context
	conn *pgx.Conn
}

// call reads one answer: with ::text, the JSON as it is, which an API can send.
func (c client) call(sql string, arguments ...interface{}) (string, error) {
	var text string
	err := c.conn.QueryRow(c.ctx, sql, arguments...).Scan(&text)
	return text, err
}

// track passes the context as a map, which pgx makes JSON of.  A nil *string is NULL.
func (c client) track(asset, campaign string, key *string) (string, error) {
	return c.call("SELECT asset_reuse_track($1, $2, $3, reuse_context => $4, reuse_key => $5)::text",
		asset, "acme", campaign, map[string]string{"placement": "story"}, key)
}

func (c client) trackEmail(asset, letter string) (string, error) {
	return c.call("SELECT asset_reuse_track($1, $2, reused_in_type => 'email', reused_in_id => $3)::text",
		asset, "acme", letter)
}

func (c client) history(asset string, cursor *string) (string, error) {
	return c.call("SELECT asset_reuse_history($1, $2, page_limit => $3, cursor => $4)::text", asset, "acme", 2, cursor)
}

func (c client) typedHistory(asset, tenant string) (string, error) {
	return c.call("SELECT asset_reuse_history($1::uuid, $2::uuid)::text", asset, tenant)
}

func (c client) analytics(assetType string) (string, error) {
	return c.call("SELECT asset_reuse_analytics($1, $2)::text", "acme", assetType)
}

// parse is for the calls that must succeed.
func parse(text string, err error) (parsed answer) {
	if err == nil {
		err = json.Unmarshal([]byte(text), &parsed)
	}
	if err != nil {
		log.Fatal(err)
	}
	return parsed
}

// report is for the calls that must fail.
func report(text string, err error) {
	status, message, hint := httpError(err)
	fmt.Println(status, message)
	if hint != "" {
		fmt.Println(hint)
	}
}

func main() {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close(ctx)
	c := client{ctx, conn}

	key := "request-1"
	for attempt := 1; attempt <= 2; attempt++ {
		a := parse(c.track("hero", "summer", &key))
		did := "stored"
		if a.Replayed {
			did = "replayed"
		}
		fmt.Printf("call %d: %s, %d reuse, placement %s\n", attempt, did, a.Asset.ReusedCount, a.Event.Context.Placement)
	}
	parse(c.trackEmail("hero", "letter-1"))
	parse(c.trackEmail("hero", "letter-2"))

	var cursor *string
	for page := 1; page == 1 || cursor != nil; page++ {
		a := parse(c.history("hero", cursor))
		var places []string
		for _, event := range a.History {
			places = append(places, event.ReusedInID)
		}
		fmt.Printf("page %d: %s\n", page, strings.Join(places, ", "))
		cursor = a.NextCursor
	}

	typed := parse(c.typedHistory("bbbbbbbb-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000001"))
	fmt.Printf("uuid: %s, %d reuses\n", typed.AssetName, typed.TotalReuses)

	report(c.track("absent", "summer", nil))
	report(c.track("hero", "absent", nil))
	report(c.analytics("picture"))
}
