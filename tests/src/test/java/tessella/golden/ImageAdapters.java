package tessella.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessella.autodiff.Resize;
import tessella.models.data.Augmentation;
import tessella.models.data.CentreCrop;
import tessella.models.data.Picture;
import tessella.models.data.PictureReader;
import tessella.models.data.RealPicture;
import tessella.models.data.ShorterSide;
import tessella.reference.Array;

/** Decoding and preprocessing of pictures: everything is computed in bytes or in float64, whatever the precision of the run. */
final class ImageAdapters {
    private ImageAdapters() {}

    static Map<String, Adapter> all() {
        return Map.of(
                "png_decode", c -> pixels(c, "pixels", picture(c)),
                "central_crop", ImageAdapters::centralCrop,
                "crop_resize", ImageAdapters::cropResize,
                "image_resize", ImageAdapters::resize,
                "normalise", c -> real(c, "float", RealPicture.of(picture(c)).normalised(reals(c, "mean"), reals(c, "std"))),
                "preprocess", ImageAdapters::preprocess,
                "to_grey", c -> pixels(c, "pixels", picture(c).withChannels(1)));
    }

    /** A mirror image: the flip of the augmentation, when its coin says so. */
    static void flip(Case c) {
        if (c.attrs().integer("axis") != 1) {
            throw new IllegalArgumentException("flip along axis " + c.attrs().integer("axis"));
        }
        pixels(c, "pixels", Augmentation.flipsAndShifts(0).apply(picture(c), _ -> 1));
    }

    private static void centralCrop(Case c) {
        int[] size = c.attrs().integers("out_size");
        pixels(c, "pixels", new CentreCrop(size[0], size[1]).apply(picture(c), _ -> 0));
    }

    private static void cropResize(Case c) {
        int[] crop = c.attrs().integers("crop");
        int[] size = c.attrs().integers("out_size");
        real(c, "float", RealPicture.of(picture(c)).cropped(crop[0], crop[1], crop[2], crop[3])
                .resized(size[0], size[1], method(c)));
    }

    private static void resize(Case c) {
        int[] size = c.attrs().integers("out_size");
        Picture picture = picture(c);
        real(c, "float", RealPicture.of(picture).resized(size[0], size[1], method(c)));
        if (c.file().has("out.pillow_uint8")) {
            real(c, "pillow_float", inFloats(inFloats(RealPicture.of(picture).resized(picture.height(), size[1], method(c)))
                    .resized(size[0], size[1], method(c))));
            pixels(c, "pillow_uint8", picture.resized(size[0], size[1], method(c)));
        }
    }

    /** Pillow keeps a float32 after each pass. */
    private static RealPicture inFloats(RealPicture picture) {
        return RealPicture.of(picture.height(), picture.width(), picture.channels(),
                Arrays.stream(picture.values()).map(v -> (float) v).toArray());
    }

    /** The three pipelines: Hugging Face and timm in bytes, vision_transformer in real numbers. */
    private static void preprocess(Case c) {
        int[] out = c.file().tensor("out.float").shape();
        List<Double> half = List.of(0.5, 0.5, 0.5);
        if (c.file().has("out.resized_uint8")) {
            Picture resized = picture(c).resized(out[0], out[1]);
            pixels(c, "resized_uint8", resized);
            real(c, "float", RealPicture.of(resized).normalised(half, half));
        } else if (c.file().has("out.crop_uint8")) {
            int[] size = c.attrs().integers("resized");
            int[] crop = c.attrs().integers("crop");
            Picture resized = new ShorterSide(Math.min(size[0], size[1]), Resize.BICUBIC_ANTIALIAS).apply(picture(c), _ -> 0);
            Picture cropped = resized.cropped(crop[0], crop[1], crop[2], crop[3]);
            pixels(c, "crop_uint8", cropped);
            real(c, "float", RealPicture.of(cropped).normalised(half, half));
            real(c, "float_unrounded", RealPicture.of(picture(c)).resized(size[0], size[1], Resize.BICUBIC_ANTIALIAS)
                    .cropped(crop[0], crop[1], crop[2], crop[3]).normalised(half, half));
        } else {
            real(c, "float", RealPicture.of(picture(c)).resized(out[0], out[1], Resize.BILINEAR_HALF_PIXEL)
                    .normalised(half, half));
        }
    }

    private static Resize method(Case c) {
        String method = c.attrs().text("method");
        boolean antialias = c.attrs().has("antialias") && c.attrs().flag("antialias");
        return switch (method) {
            case "adaptive_average" -> Resize.AREA;
            case "bilinear" -> antialias ? Resize.BILINEAR_ANTIALIAS : Resize.BILINEAR_HALF_PIXEL;
            case "bicubic" -> antialias ? Resize.BICUBIC_ANTIALIAS : Resize.BICUBIC;
            default -> throw new IllegalArgumentException("method " + method);
        };
    }

    private static Picture picture(Case c) {
        try {
            return PictureReader.read(c.file().path().resolveSibling(c.attrs().text("image_file")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Double> reals(Case c, String name) {
        return Arrays.stream(c.attrs().reals(name)).boxed().toList();
    }

    private static void pixels(Case c, String name, Picture picture) {
        byte[] bytes = picture.pixels();
        int[] shape = c.file().tensor("out." + name).shape();
        requireShape(name, shape, picture.height(), picture.width(), picture.channels());
        c.out(name, Array.of(shape, IntStream.range(0, bytes.length).mapToDouble(i -> bytes[i] & 0xff).toArray()));
    }

    private static void real(Case c, String name, RealPicture picture) {
        int[] shape = c.file().tensor("out." + name).shape();
        requireShape(name, shape, picture.height(), picture.width(), picture.channels());
        c.out(name, Array.of(shape, picture.values()));
    }

    /** A grey picture may be stored without its one channel. */
    private static void requireShape(String name, int[] shape, int height, int width, int channels) {
        if (shape[0] != height || shape[1] != width || (shape.length > 2 ? shape[2] : 1) != channels) {
            throw new AssertionError("out." + name + " " + Arrays.toString(shape) + " is no picture of " + height + " x " + width
                    + " x " + channels);
        }
    }
}
