package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Names of works, and their sets. */
class WorksTest {

    @Test
    void everyWorkOfEverySetIsFoundByItsName() {
        List<String> kinds = new ArrayList<>();
        for (String set : Works.sets()) {
            List<Work> works = Works.named(set);
            works.forEach(work -> assertEquals(work, Works.parse(work.name())));
            assertEquals(works.size(), new HashSet<>(works).size(), set);
            works.forEach(work -> kinds.add(work.getClass().getSimpleName()));
        }
        assertEquals(Work.class.getPermittedSubclasses().length, new HashSet<>(kinds).size(), "a kind of work is in no set");
    }

    @Test
    void everyFormAndDirectionIsFoundByItsName() {
        List<Work> works = new ArrayList<>();
        for (Work.Form form : Work.Form.values()) {
            for (Work.Weights weights : Work.Weights.values()) {
                works.add(new Work.Gemm(1, 23, 456, form, weights));
            }
        }
        for (Direction direction : Direction.values()) {
            for (Work.RowOperator operator : Work.RowOperator.values()) {
                works.add(new Work.Rows(operator, 12, 3, direction));
            }
            works.add(new Work.Attention(1, 2, 3, 4, direction));
            for (Work.Weights weights : Work.Weights.values()) {
                works.add(new Work.Mixture(1, 2, 3, 4, 5, 6, direction, weights));
            }
        }
        works.forEach(work -> assertEquals(work, Works.parse(work.name())));
    }

    @Test
    void aPieceOfWorkIsASetOfItsOwn() {
        assertEquals(List.of(new Work.Step("vit-tiny", 3, 1)), Works.named("step-vit-tiny-batch-3"));
        assertEquals(List.of(new Work.Step("vit-tiny", 6, 3)), Works.named("step-vit-tiny-batch-6-parts-3"));
        assertEquals("step: expected parts that divide the batch of 6, found 4",
                assertThrows(IllegalArgumentException.class, () -> new Work.Step("vit-tiny", 6, 4)).getMessage());
    }

    @Test
    void whatNamesNoWorkIsRefused() {
        for (String name : List.of("", "gemm", "gemm-1x2-plain-fresh", "gemm-1x2x3-upright-fresh", "gemm-1x2x3-plain-stale",
                "gemm-01x2x3-plain-fresh", "gemm-1x2x99999999999-plain-fresh", "gelu-1x2-sideways", "cosh-1x2-forward",
                "adamw-vit-b17", "forward-vit-b16-batch-", "softmoe-1x2x3x4-5x6-forward-int8")) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Works.parse(name)).getMessage()
                    .endsWith("found " + name) || name.isEmpty(), name);
        }
    }

    /** Of y = x W on m rows: the input's cotangent is as large as x, the gradient as large as W, by as many operations. */
    @Test
    void theProductsOfTheGradientAreThoseOfTheLayers() {
        List<Work.Gemm> all = Works.named("sgemm").stream().map(Work.Gemm.class::cast).toList();
        int layers = 0;
        for (Work.Gemm work : all) {
            if (work.form() == Work.Form.PLAIN && work.m() % 197 == 0 && work.n() % 768 == 0) {
                layers++;
                assertTrue(all.contains(new Work.Gemm(work.m(), work.n(), work.k(), Work.Form.B_TRANSPOSED, Work.Weights.FRESH)));
                assertTrue(all.contains(new Work.Gemm(work.k(), work.m(), work.n(), Work.Form.A_TRANSPOSED, Work.Weights.FRESH)));
            }
        }
        assertEquals(7, layers);
        assertEquals(layers, Works.named("prepacked").size());
        assertEquals(4 + 3 * layers, all.size());
    }

    @Test
    void mixturesHaveAboutASlotForEachToken() {
        for (String set : List.of("softmoe", "experts")) {
            Works.named(set).stream().map(Work.Mixture.class::cast)
                    .forEach(work -> assertEquals(196, work.experts() * work.slots(), work.name()));
        }
        assertNotEquals(0, Works.named("experts").size());
    }
}
