using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Tests.Contracts;

/// <summary>Each identifier's law: what its key detects, what people may type around it, and the vectors of docs/decisions/0005.</summary>
public sealed class IdentifierTests
{
    private static readonly byte[] PseudonymKey = "pseudonyms of tests: 32 bytes ok"u8.ToArray();

    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(500);

    private static Gen<string> Digits(int count) => Gen.Choose(0, 9).ArrayOf(count).Select(d => string.Concat(d));

    private static Gen<string> NirBodies =>
        from sex in Gen.Elements("1", "2", "7", "8")
        from year in Digits(2)
        from month in Gen.Elements("01", "06", "12", "20", "42", "50", "99")
        from place in Gen.OneOf(Digits(5), from a in Gen.Elements("2A", "2B") from rest in Digits(3) select a + rest)
        from order in Digits(3)
        select sex + year + month + place + order;

    [Theory]
    [InlineData("10000001916")]
    [InlineData("10010172764")]
    [InlineData("10100172765")]
    [InlineData("100 1017 2764")]
    [InlineData("810010172764")]
    public void An_rpps_with_a_valid_key_is_read_however_it_is_typed(string typed) => Rpps.TryParse(typed, null, out _).ShouldBeTrue();

    [Theory]
    [InlineData("1001017276")]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("١٠٠١٠١٧٢٧٦٤")]
    public void An_rpps_with_a_wrong_shape_is_refused(string? typed) => Rpps.TryParse(typed, null, out _).ShouldBeFalse();

    [Theory]
    // Published samples of the register's own documentation.
    [InlineData("10001766123", false)]
    [InlineData("10102727017", false)]
    [InlineData("10003461033", false)]
    [InlineData("10000001916", true)]
    public void The_key_of_an_rpps_is_a_warning(string typed, bool holds) => Rpps.Parse(typed).KeyHolds.ShouldBe(holds);

    [Fact]
    public void Any_one_wrong_digit_of_an_rpps_is_noticed() =>
        Prop.ForAll(Gen.Zip(Digits(10), Gen.Zip(Gen.Choose(0, 10), Gen.Choose(1, 9))).ToArbitrary(), x =>
        {
            var (body, (at, by)) = x;
            var valid = Rpps.WithKey(body).Value;
            return !Rpps.Parse(Changed(valid, at, by)).KeyHolds;
        }).Check(Many);

    [Fact]
    public void A_physicians_pseudonym_cannot_be_found_from_the_public_number()
    {
        PhysicianPseudonyms.Use(PseudonymKey);
        var rpps = Rpps.WithKey("9900000101");
        var unkeyed = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes("secondopinion:physician:" + rpps.Value)).AsSpan(0,
            16).ToArray();
        unkeyed[6] = (byte)((unkeyed[6] & 0x0F) | 0x80);
        unkeyed[8] = (byte)((unkeyed[8] & 0x3F) | 0x80);
        rpps.PhysicianId.ShouldNotBe(new Guid(unkeyed, bigEndian: true));
        Should.Throw<InvalidOperationException>(() => PhysicianPseudonyms.Use(new byte[32]), "one key for good");
        Should.Throw<InvalidOperationException>(() => PhysicianPseudonyms.Use(new byte[16]));
    }

    [Fact]
    public void A_physician_has_the_same_pseudonym_everywhere_and_no_two_share_one()
    {
        PhysicianPseudonyms.Use(PseudonymKey);
        Prop.ForAll(Gen.Zip(Digits(10), Digits(10)).ToArbitrary(), x =>
        {
            var (a, b) = (Rpps.WithKey(x.Item1), Rpps.WithKey(x.Item2));
            return a.PhysicianId == Rpps.Parse("8" + a.Value).PhysicianId && (a == b) == (a.PhysicianId == b.PhysicianId);
        }).Check(Many);
    }

    [Theory]
    [InlineData("279035121518989")]
    [InlineData("146026322000196")]
    [InlineData("260058815400233")]
    [InlineData("185052A00112349")]
    [InlineData("276012B03301140")]
    [InlineData("1 85 05 2a 001 123 49")]
    [InlineData("2.79.03.51.215.189-89")]
    [InlineData("2 79 03 51 215 189")]
    [InlineData("185052a001123")]
    public void A_nir_with_a_valid_key_is_read_however_it_is_typed(string typed) => Nir.TryParse(typed, null, out _).ShouldBeTrue();

    [Theory]
    [InlineData("288091234567823")]
    [InlineData("246037433000291")]
    [InlineData("18505A200112349")]
    [InlineData("185052C00112349")]
    [InlineData("979035121518989")]
    [InlineData("27903512151")]
    public void A_nir_with_a_wrong_key_or_shape_is_refused(string typed) => Nir.TryParse(typed, null, out _).ShouldBeFalse();

    [Fact]
    public void Every_body_has_one_nir_key_and_any_one_wrong_digit_is_noticed() =>
        Prop.ForAll(Gen.Zip(NirBodies, Gen.Zip(Gen.Choose(0, 14), Gen.Choose(1, 9))).ToArbitrary(), x =>
        {
            var (body, (at, by)) = x;
            var nir = Nir.WithKey(body);
            var keys = Enumerable.Range(0, 100).Count(key => Nir.TryParse(body + key.ToString("00", CultureInfo.InvariantCulture), null, out _));
            // A letter of Corsica has no wrong digit; the place's first digit beside it makes the letter impossible.
            return keys == 1 && (!char.IsAsciiDigit(nir.Value[at]) || !Nir.TryParse(Changed(nir.Value, at, by), null, out _));
        }).Check(Many);

    [Fact]
    public void A_corsican_nir_has_the_key_of_the_insee_rule_with_letter_as_zero()
    {
        Prop.ForAll(Gen.Zip(Gen.Elements('A', 'B'), Digits(11)).ToArbitrary(), x =>
        {
            var (letter, d) = x;
            var body = $"1{d[..2]}01{"2" + letter}{d[2..8]}";
            var asNumber = long.Parse(body.Replace(letter, '0'), CultureInfo.InvariantCulture) - (letter == 'A' ? 1_000_000 : 2_000_000);
            return Nir.WithKey(body).Value[13..] == (97 - asNumber % 97).ToString("00", CultureInfo.InvariantCulture);
        }).Check(Many);
    }

    [Fact]
    public void A_nir_and_an_iban_never_show_themselves_whole()
    {
        var nir = Nir.Parse("279035121518989");
        $"{nir}".ShouldBe("2************89");
        $"{Iban.Parse("FR7630006000011234567890189")}".ShouldNotContain("3000600001");
    }

    [Fact]
    public void A_number_of_sex_7_or_8_is_provisional()
    {
        Nir.WithKey("7790351215189").IsProvisional.ShouldBeTrue();
        Nir.Parse("279035121518989").IsProvisional.ShouldBeFalse();
    }

    [Theory]
    [InlineData("590064036")]
    [InlineData("750712184")]
    [InlineData("750160012")]
    [InlineData("2A0000154")]
    [InlineData("2A0000030")]
    [InlineData("2B0000012")]
    [InlineData("2B0003289")]
    public void A_finess_is_read(string typed) => Finess.TryParse(typed, null, out _).ShouldBeTrue();

    [Theory]
    [InlineData("2A0000155")]
    [InlineData("2B0000154")]
    [InlineData("2B0000021")]
    [InlineData("2C000015")]
    public void A_corsican_finess_with_a_wrong_key_is_refused(string typed) => Finess.TryParse(typed, null, out _).ShouldBeFalse();

    [Fact]
    public void A_test_finess_is_read_and_says_that_it_is_one()
    {
        Finess.Parse("0B0172805").IsTest.ShouldBeTrue();
        Finess.Parse("2A0000154").IsTest.ShouldBeFalse();
        Finess.Parse("750712184").IsTest.ShouldBeFalse();
        Finess.WithKey("2B000001").Value.ShouldBe("2B0000012");
    }

    [Fact]
    public void Any_one_wrong_digit_of_a_finess_is_noticed() =>
        Prop.ForAll(Gen.Zip(Digits(8), Gen.Zip(Gen.Choose(0, 8), Gen.Choose(1, 9))).ToArbitrary(), x =>
            !Finess.TryParse(Changed(Finess.WithKey(x.Item1).Value, x.Item2.Item1, x.Item2.Item2), null, out _)).Check(Many);

    [Theory]
    [InlineData("73282932000074")]
    [InlineData("732 829 320 00074")]
    [InlineData("35600000000048")]
    [InlineData("35600000049837")]
    public void A_siret_is_read_also_one_of_la_poste(string typed) => Siret.TryParse(typed, null, out _).ShouldBeTrue();

    [Fact]
    public void Any_one_wrong_digit_of_a_siret_is_noticed() =>
        Prop.ForAll(Gen.Zip(Gen.Zip(Digits(8), Digits(4)), Gen.Zip(Gen.Choose(0, 13), Gen.Choose(1, 9))).ToArbitrary(), x =>
        {
            var siret = Siret.WithKeys(x.Item1.Item1, x.Item1.Item2).Value;
            return siret.StartsWith("356000000", StringComparison.Ordinal) || !Siret.TryParse(Changed(siret, x.Item2.Item1, x.Item2.Item2), null, out _);
        }).Check(Many);

    [Theory]
    [InlineData("FR7630006000011234567890189")]
    [InlineData("FR14 2004 1010 0505 0001 3M02 606")]
    [InlineData("DE89370400440532013000")]
    public void An_iban_is_read(string typed) => Iban.TryParse(typed, null, out _).ShouldBeTrue();

    [Theory]
    [InlineData("FR7630006000011234567890188")]
    [InlineData("FR763000600001123456789018")]
    [InlineData("FR76 3000 6000 01é2 3456 7890 189")]
    public void An_iban_with_a_wrong_key_or_shape_is_refused(string typed) => Iban.TryParse(typed, null, out _).ShouldBeFalse();

    [Fact]
    public void A_french_iban_carries_both_its_keys_and_any_one_wrong_digit_is_noticed() =>
        Prop.ForAll(Gen.Zip(Digits(21), Gen.Zip(Gen.Choose(2, 26), Gen.Choose(1, 9))).ToArbitrary(), x =>
        {
            var (d, (at, by)) = x;
            var iban = Iban.French(d[..5], d[5..10], d[10..]).Value;
            return iban.Length == 27 && !Iban.TryParse(Changed(iban, at, by), null, out _);
        }).Check(Many);

    [Fact]
    public void Amc_numbers_of_8_to_10_digits_compare_as_if_padded()
    {
        AmcNumber.Parse("99000001").ShouldBe(AmcNumber.Parse("0099000001"));
        AmcNumber.TryParse("1234567", null, out _).ShouldBeFalse();
    }

    [Fact]
    public void No_text_whatever_makes_a_parser_throw() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            _ = Rpps.TryParse(text, null, out _);
            _ = Nir.TryParse(text, null, out _);
            _ = Finess.TryParse(text, null, out _);
            _ = Siret.TryParse(text, null, out _);
            _ = Iban.TryParse(text, null, out _);
            _ = AmcNumber.TryParse(text, null, out _);
            return true;
        }).Check(Many);

    private static string Changed(string text, int at, int by) =>
        char.IsAsciiDigit(text[at]) ? text[..at] + (char)('0' + (text[at] - '0' + by) % 10) + text[(at + 1)..] : text + "0";
}
