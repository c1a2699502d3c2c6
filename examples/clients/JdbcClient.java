// asset_reuse with JDBC: what every client of this folder does (see README.md).

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

public class JdbcClient {
	private static final Map<String, String> NOT_FOUND =
		Map.of("campaign_assets", "asset not found", "campaign_spaces", "campaign not found",
			"campaign_asset_reuse_history", "reuse not found");

	// These also take what is printed out of the answer, since the JDK has no JSON parser.
	private static final String TRACK = """
		SELECT answer->>'replayed', answer->'asset'->>'reused_count', answer->'event'->'context'->>'placement'
		FROM asset_reuse_track(?, ?, ?, reuse_context => ?::jsonb, reuse_key => ?) AS answer""";
	private static final String TRACK_EMAIL =
		"SELECT asset_reuse_track(?, ?, reused_in_type => 'email', reused_in_id => ?)";
	private static final String HISTORY = """
		SELECT (SELECT string_agg(event->>'reused_in_id', ', ') FROM jsonb_array_elements(answer->'history') AS event),
			answer->>'next_cursor', answer
		FROM asset_reuse_history(?, ?, page_limit => ?, cursor => ?) AS answer""";
	private static final String TYPED_HISTORY = """
		SELECT answer->>'asset_name', answer->>'total_reuses' FROM asset_reuse_history(?, ?) AS answer""";
	private static final String ANALYTICS = "SELECT asset_reuse_analytics(?, ?)";

	// Connects by the environment's PGHOST, a socket's folder, PGPORT, PGDATABASE and PGUSER.  JDBC has TCP only;
	// junixsocket brings it Unix sockets.
	private static Connection connect() throws SQLException {
		Map<String, String> environment = System.getenv();
		Properties properties = new Properties();

		properties.setProperty("user", environment.get("PGUSER"));
		properties.setProperty("socketFactory", "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg");
		properties.setProperty("socketFactoryArg", environment.get("PGHOST") + "/.s.PGSQL." + environment.get("PGPORT"));
		return DriverManager.getConnection("jdbc:postgresql://localhost/" + environment.get("PGDATABASE"), properties);
	}

	// Returns the HTTP status, a message for the client, and a hint for the log.
	private static String[] httpError(PSQLException error) throws PSQLException {
		ServerErrorMessage server = error.getServerErrorMessage();
		String state = String.valueOf(error.getSQLState());

		if (server != null && state.equals("P0002"))
			return new String[] {"404", NOT_FOUND.get(server.getTable()), null};
		if (server != null && state.startsWith("22"))
			return new String[] {"400", server.getMessage(), server.getHint()};
		throw error;
	}

	// Returns the columns of the one row.  getString() of a jsonb is its JSON, which an API can send as it is.
	private static String[] call(Connection connection, String sql, Object... arguments) throws SQLException {
		try (PreparedStatement statement = connection.prepareStatement(sql)) {
			for (int i = 0; i < arguments.length; i++)
				statement.setObject(i + 1, arguments[i]);
			try (ResultSet row = statement.executeQuery()) {
				String[] columns = new String[row.getMetaData().getColumnCount()];

				row.next();
				for (int i = 0; i < columns.length; i++)
					columns[i] = row.getString(i + 1);
				return columns;
			}
		}
	}

	private static void report(Connection connection, String sql, Object... arguments) throws SQLException {
		try {
			call(connection, sql, arguments);
		} catch (PSQLException error) {
			String[] told = httpError(error);

			System.out.println(told[0] + " " + told[1]);
			if (told[2] != null)
				System.out.println(told[2]);
		}
	}

	public static void main(String[] arguments) throws SQLException {
		try (Connection connection = connect()) {
			for (int attempt = 1; attempt <= 2; attempt++) {
				String[] answer = call(connection, TRACK, "hero", "acme", "summer", "{\"placement\": \"story\"}", "request-1");

				System.out.printf("call %d: %s, %s reuse, placement %s%n", attempt,
					answer[0].equals("true") ? "replayed" : "stored", answer[1], answer[2]);
			}
			call(connection, TRACK_EMAIL, "hero", "acme", "letter-1");
			call(connection, TRACK_EMAIL, "hero", "acme", "letter-2");

			String cursor = null;
			int page = 1;

			do {
				String[] answer = call(connection, HISTORY, "hero", "acme", 2, cursor);

				System.out.printf("page %d: %s%n", page++, answer[0]);
				cursor = answer[1];
			} while (cursor != null);

			String[] typed = call(connection, TYPED_HISTORY, UUID.fromString("bbbbbbbb-0000-4000-8000-000000000001"),
				UUID.fromString("aaaaaaaa-0000-4000-8000-000000000001"));

			System.out.printf("uuid: %s, %s reuses%n", typed[0], typed[1]);

			report(connection, TRACK, "absent", "acme", "summer", null, null);
			report(connection, TRACK, "hero", "acme", "absent", null, null);
			report(connection, ANALYTICS, "acme", "picture");
		}
	}
}
