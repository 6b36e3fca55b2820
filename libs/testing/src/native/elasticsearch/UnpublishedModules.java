import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.util.Version;
import org.elasticsearch.Build;
import org.elasticsearch.ResourceAlreadyExistsException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.admin.indices.create.AutoCreateAction;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.metadata.DataStream;
import org.elasticsearch.cluster.metadata.ProjectId;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.index.IndexNotFoundException;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.json.JsonXContent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Stands in for what Maven Central does not have and a client or the .security index asks for: GET / (rest-root), the making and listing
 * of data streams (data-streams; the streams themselves are the server's), three parts of analysis-common.
 */
public final class UnpublishedModules extends Plugin implements ActionPlugin, AnalysisPlugin {
    private ClusterService cluster;

    @Override
    public Collection<?> createComponents(PluginServices services) {
        cluster = services.clusterService();
        return List.of();
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of("uax_url_email", (index, environment, name, settings) -> TokenizerFactory.newFactory(name, UAX29URLEmailTokenizer::new));
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "pattern_capture", AnalysisPlugin.requiresAnalysisSettings((index, environment, name, settings) -> {
                Pattern[] patterns = settings.getAsList("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new);
                boolean original = settings.getAsBoolean("preserve_original", true);
                return filter(name, in -> new PatternCaptureGroupTokenFilter(in, original, patterns));
            }),
            "unique", (index, environment, name, settings) -> filter(name, RemoveDuplicatesTokenFilter::new));
    }

    private static TokenFilterFactory filter(String name, UnaryOperator<TokenStream> apply) {
        return new TokenFilterFactory() {
            @Override public String name() { return name; }
            @Override public TokenStream create(TokenStream in) { return apply.apply(in); }
        };
    }

    @Override
    public Collection<RestHandler> getRestHandlers(RestHandlersServices services, Supplier<DiscoveryNodes> nodes, Predicate<NodeFeature> features) {
        return List.of(
            handler("root", List.of("GET /", "HEAD /"), (request, client, answer) -> answer.onResponse(json(root()))),
            handler("data_stream_get", List.of("GET /_data_stream", "GET /_data_stream/{name}"), (request, client, answer) ->
                answer.onResponse(json(Map.of("data_streams", list(request.param("name", "*")))))),
            handler("data_stream_put", List.of("PUT /_data_stream/{name}"), (request, client, answer) -> {
                String name = request.param("name");
                if (!matching(cluster.state(), name).isEmpty()) throw new ResourceAlreadyExistsException("data_stream [" + name + "] already exists");
                client.execute(AutoCreateAction.INSTANCE, new CreateIndexRequest(name).requireDataStream(true),
                    answer.delegateFailureAndWrap((next, made) -> next.onResponse(json(Map.of("acknowledged", made.isAcknowledged())))));
            }));
    }

    private Map<String, Object> root() {
        Build build = Build.current();
        return ordered(
            "name", "node-1",
            "cluster_name", cluster.getClusterName().value(),
            "cluster_uuid", cluster.state().metadata().clusterUUID(),
            "version", ordered(
                "number", build.qualifiedVersion(),
                "build_flavor", build.flavor(),
                "build_type", build.type().displayName(),
                "build_hash", build.hash(),
                "build_date", build.date(),
                "build_snapshot", build.isSnapshot(),
                "lucene_version", Version.LATEST.toString(),
                "minimum_wire_compatibility_version", build.minWireCompatVersion(),
                "minimum_index_compatibility_version", build.minIndexCompatVersion()),
            "tagline", "You Know, for Search");
    }

    private List<Object> list(String names) {
        List<Object> streams = new ArrayList<>();
        for (DataStream stream : matching(cluster.state(), names)) {
            List<Object> indices = new ArrayList<>();
            stream.getIndices().forEach(index -> indices.add(ordered("index_name", index.getName(), "index_uuid", index.getUUID())));
            streams.add(ordered("name", stream.getName(), "timestamp_field", Map.of("name", "@timestamp"), "indices", indices,
                "generation", stream.getGeneration(), "status", "GREEN"));
        }
        if (streams.isEmpty() && !Regex.isSimpleMatchPattern(names)) throw new IndexNotFoundException(names);
        return streams;
    }

    private static Set<DataStream> matching(ClusterState state, String names) {
        Set<DataStream> found = new LinkedHashSet<>();
        String[] patterns = names.split(",");
        state.metadata().getProject(ProjectId.DEFAULT).dataStreams().forEach((name, stream) -> {
            if (Regex.simpleMatch(patterns, name)) found.add(stream);
        });
        return found;
    }

    private interface Body {
        void run(RestRequest request, NodeClient client, ActionListener<RestResponse> answer) throws Exception;
    }

    private static RestHandler handler(String name, List<String> routes, Body body) {
        return new BaseRestHandler() {
            @Override public String getName() { return "auditlane_" + name; }

            @Override public List<Route> routes() {
                return routes.stream().map(route -> route.split(" ")).map(route -> new Route(RestRequest.Method.valueOf(route[0]), route[1])).toList();
            }

            @Override protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
                for (String parameter : request.params().keySet().toArray(String[]::new)) request.param(parameter); // an unread one is refused
                return channel -> {
                    ActionListener<RestResponse> answer = ActionListener.wrap(channel::sendResponse, failure -> {
                        try {
                            channel.sendResponse(new RestResponse(channel, failure));
                        } catch (IOException broken) {
                            throw new UncheckedIOException(broken);
                        }
                    });
                    try {
                        body.run(request, client, answer);
                    } catch (Exception failure) {
                        answer.onFailure(failure);
                    }
                };
            }
        };
    }

    private static RestResponse json(Map<String, ?> content) {
        try (var builder = JsonXContent.contentBuilder()) {
            return new RestResponse(RestStatus.OK, builder.map(content));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Map<String, Object> ordered(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        return map;
    }
}
