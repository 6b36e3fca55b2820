import org.elasticsearch.Build;
import org.elasticsearch.common.hash.MessageDigests;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.SecureSettings;
import org.elasticsearch.common.settings.SecureString;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginBundle;
import org.elasticsearch.plugins.PluginDescriptor;
import org.elasticsearch.plugins.PluginsLoader;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.jar.JarFile;
import java.util.regex.Pattern;

/**
 * One real Elasticsearch node from the jars on the class path: no distribution, no container, root allowed (the checks against root
 * and for entitlements stand in the distribution's own main class, not in Node).
 *
 * Launcher HOME [setting=value | secure:setting=value ...]     secure: = what the keystore would hold
 */
public final class Launcher {
    private static final Pattern DESCRIPTOR = Pattern.compile("META-INF/es-plugins/[^/]+/plugin-descriptor\\.properties");

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        Path modules = Files.createDirectories(home.resolve("modules"));
        Files.createDirectories(home.resolve("config"));
        Files.createDirectories(home.resolve("plugins"));
        linkNativeLibraries(home);

        Settings settings = settings(home, List.of(args).subList(1, args.length));
        LogConfigurator.configureWithoutConfig(settings);
        LogConfigurator.configureESLogging();

        Node node = new Node(new Environment(settings, home.resolve("config")), plugins(modules));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (IOException failure) {
                failure.printStackTrace();
            }
        }));
        node.start();
        System.out.println("started Elasticsearch " + Build.current().version());
        new CountDownLatch(1).await();
    }

    /** The published jars bring no native code. Without the system's zstd, indices with best_compression or logsdb fail at flush. */
    private static void linkNativeLibraries(Path home) throws IOException {
        Path folder = Files.createDirectories(home.resolve("native"));
        Path link = folder.resolve("libzstd.so");
        for (String place : List.of("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")) {
            Path library = Path.of(place, "libzstd.so.1");
            if (Files.exists(library) && !Files.exists(link)) Files.createSymbolicLink(link, library);
        }
        System.setProperty("es.nativelibs.path", folder.toString());
        System.setProperty("org.elasticsearch.nativeaccess.enableVectorLibrary", "false");
    }

    private static Settings settings(Path home, List<String> arguments) {
        Map<String, String> plain = new TreeMap<>(Map.of(
            "path.home", home.toString(),
            "cluster.name", "auditlane",
            "node.name", "node-1",
            "discovery.type", "single-node",
            "network.host", "127.0.0.1",
            "cluster.routing.allocation.disk.threshold_enabled", "false",
            "logger.level", "WARN",
            "logger.org.elasticsearch.nativeaccess", "ERROR"));
        Map<String, String> secure = new TreeMap<>();
        for (String argument : arguments) {
            String[] pair = argument.split("=", 2);
            if (pair[0].startsWith("secure:")) secure.put(pair[0].substring("secure:".length()), pair[1]);
            else plain.put(pair[0], pair[1]);
        }
        Settings.Builder builder = Settings.builder();
        plain.forEach(builder::put);
        if (!secure.isEmpty()) builder.setSecureSettings(new KeystoreInMemory(secure));
        return builder.build();
    }

    /**
     * A distribution finds its modules in folders; here each is a jar on the class path that carries its descriptor. The constructors
     * are package-private, and PluginsLoader's own factory insists on a named server module, hence reflection.
     */
    private static PluginsLoader plugins(Path modules) throws Exception {
        List<PluginDescriptor> descriptors = new ArrayList<>();
        Map<String, URL> jars = new HashMap<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            try (JarFile jar = new JarFile(entry)) {
                for (var file : Collections.list(jar.entries())) {
                    if (!DESCRIPTOR.matcher(file.getName()).matches()) continue;
                    try (InputStream content = jar.getInputStream(file)) {
                        PluginDescriptor descriptor = PluginDescriptor.readInternalDescriptorFromStream(content);
                        descriptors.add(descriptor);
                        jars.put(descriptor.getName(), Path.of(entry).toUri().toURL());
                    }
                }
            }
        }
        descriptors.sort(Comparator.comparing(descriptor -> descriptor.getExtendedPlugins().size())); // those that others extend come first
        descriptors.add(unpublishedModules());

        Constructor<?> bundles = constructor(PluginBundle.class, 2);
        Constructor<?> layers = constructor(Class.forName("org.elasticsearch.plugins.PluginsLoader$LoadedPluginLayer"), 5);
        Map<String, Object> loaded = new LinkedHashMap<>();
        Map<String, ClassLoader> loaders = new HashMap<>();
        for (PluginDescriptor descriptor : descriptors) {
            String name = descriptor.getName();
            List<String> extended = descriptor.getExtendedPlugins();
            ClassLoader parent = extended.isEmpty() ? PluginsLoader.class.getClassLoader() : loaders.get(extended.get(0));
            ClassLoader loader = new ModuleLoader(jars.get(name), parent, jars.values());
            loaders.put(name, loader);
            loaded.put(name, layers.newInstance(bundles.newInstance(descriptor, modules), loader, ModuleLayer.boot(), loader, ModuleLayer.boot()));
        }
        return (PluginsLoader) constructor(PluginsLoader.class, 3).newInstance(Set.of(), Set.of(), loaded);
    }

    private static PluginDescriptor unpublishedModules() throws IOException {
        String text = "name=unpublished-modules\ndescription=stands in for modules that are not on Maven Central\nversion=1\nclassname="
            + UnpublishedModules.class.getName() + "\njava.version=21\nelasticsearch.version=" + Build.current().version() + "\n";
        return PluginDescriptor.readInternalDescriptorFromStream(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static Constructor<?> constructor(Class<?> type, int parameters) {
        for (Constructor<?> candidate : type.getDeclaredConstructors()) {
            if (candidate.getParameterCount() != parameters) continue;
            candidate.setAccessible(true);
            return candidate;
        }
        throw new IllegalStateException(type + " has no constructor with " + parameters + " parameters");
    }

    private record KeystoreInMemory(Map<String, String> entries) implements SecureSettings {
        @Override public boolean isLoaded() { return true; }
        @Override public Set<String> getSettingNames() { return entries.keySet(); }
        @Override public SecureString getString(String key) { return new SecureString(entries.get(key).toCharArray()); }
        @Override public InputStream getFile(String key) { return new ByteArrayInputStream(bytes(key)); }
        @Override public byte[] getSHA256Digest(String key) { return MessageDigests.sha256().digest(bytes(key)); }
        @Override public void close() { }
        @Override public void writeTo(StreamOutput out) { throw new UnsupportedOperationException(); }
        private byte[] bytes(String key) { return entries.get(key).getBytes(StandardCharsets.UTF_8); }
    }
}
