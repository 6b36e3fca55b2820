import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

/**
 * What a module of Elasticsearch sees: its own jar first, then the class path; service files of its own jar and of the server, never of
 * another module. With one loader for all, the node finds every feature twice; with service files hidden, it registers none.
 */
final class ModuleLoader extends URLClassLoader {
    private static final String OWN = UnpublishedModules.class.getName();
    private final boolean own;
    private final Collection<URL> modules;

    /** @param jar null for UnpublishedModules, whose classes stand in the launcher's jar */
    ModuleLoader(URL jar, ClassLoader parent, Collection<URL> modules) {
        super(jar == null ? new URL[0] : new URL[] { jar }, parent);
        this.own = jar == null;
        this.modules = modules;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            if (known != null) return known;
            String path = name.replace('.', '/') + ".class";
            if (own && name.startsWith(OWN)) return copyFromLauncher(name, path);
            if (findResource(path) != null) return findClass(name);
            if (name.startsWith("org.opensaml.") || name.startsWith("net.shibboleth.")) return emptyType(name);
            return super.loadClass(name, resolve);
        }
    }

    private Class<?> copyFromLauncher(String name, String path) throws ClassNotFoundException {
        try (InputStream in = Launcher.class.getClassLoader().getResourceAsStream(path)) {
            byte[] code = in.readAllBytes();
            return defineClass(name, code, 0, code.length);
        } catch (IOException failure) {
            throw new ClassNotFoundException(name, failure);
        }
    }

    /** SAML is not on Maven Central and is never called, but signatures that name its types must link: an empty interface or exception. */
    private Class<?> emptyType(String name) {
        boolean exception = name.endsWith("Exception");
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(0xCAFEBABE);
            out.writeInt(61); // class file version of Java 17
            out.writeShort(5); // constant pool: this class, its name, the super class, its name
            out.writeByte(7);
            out.writeShort(2);
            out.writeByte(1);
            out.writeUTF(name.replace('.', '/'));
            out.writeByte(7);
            out.writeShort(4);
            out.writeByte(1);
            out.writeUTF(exception ? "java/lang/Exception" : "java/lang/Object");
            out.writeShort(exception ? 0x0021 : 0x0601); // public class, or public abstract interface
            out.writeShort(1);
            out.writeShort(3);
            for (int table = 0; table < 4; table++) out.writeShort(0); // no interfaces, fields, methods, attributes
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return defineClass(name, bytes.toByteArray(), 0, bytes.size());
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
        if (!name.startsWith("META-INF/services/")) return super.getResources(name);
        List<URL> found = new ArrayList<>(Collections.list(findResources(name)));
        for (URL url : Collections.list(Launcher.class.getClassLoader().getResources(name)))
            if (modules.stream().noneMatch(module -> url.toString().contains(module.getPath()))) found.add(url);
        return Collections.enumeration(found);
    }
}
